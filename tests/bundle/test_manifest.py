"""What packing and deploying take from bundle.json."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.files import Kind
from bundlekit.bundle.manifest import Manifest, Resource, manifest_of
from bundlekit.errors import BundlekitError, Refused, Unreadable
from tests.lint.bundles import bundle
from tests.rotation import examples


def test_sound_manifest_is_given() -> None:
    view = {"role": "view", "resource": "/network/#"}
    made = bundle(
        resources=[{"methods": "get", "resource": "/a"}, {"methods": ["put", "get", "put"], "resource": "/b"}, view]
    )
    assert manifest_of(made) == Manifest(
        name="example",
        version="1.0.0",
        description="Keeps one value and gives it back",
        ttl=60,
        resources=(
            Resource("/a", ("get",), "model"),
            Resource("/b", ("put", "get"), "model"),
            Resource("/network/#", (), "view"),
        ),
    )


def test_what_is_not_needed_may_be_missing_or_odd() -> None:
    made = bundle({"bundle.json": '{"name": "a", "version": "1", "description": 5, "resources": [1, {"methods": {}}]}'})
    assert manifest_of(made) == Manifest(name="a", version="1", description="", ttl=60, resources=())
    assert manifest_of(bundle({"bundle.json": '{"name": "a", "version": "1", "resources": 5}'})).resources == ()


def test_byte_order_mark_and_repeated_keys_are_no_obstacle() -> None:
    made = bundle({"bundle.json": b'\xef\xbb\xbf{"name": "a", "name": "b", "version": "1"}'})
    assert manifest_of(made).name == "b"


# fields, then a part of the message
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "name with a slash": ({"name": "../x"}, 'its name is "../x"'),
    "name with a line end": ({"name": "a\n"}, "its name is"),
    "no name": ({"name": None}, "its name is null"),
    "version with a slash": ({"version": "1/../.."}, "its version is"),
    "version that is a folder": ({"version": ".."}, "its version is"),
    "version that runs something": ({"version": "$(reboot)"}, "its version is"),
    "version that is a number": ({"version": 1}, "its version is 1"),
    "ttl of zero": ({"ttl": 0}, "its ttl is 0"),
    "ttl that is true": ({"ttl": True}, "its ttl is true"),
    "ttl in quotes": ({"ttl": "60"}, 'its ttl is "60"'),
}


@pytest.mark.parametrize(("fields", "message"), REFUSED.values(), ids=REFUSED)
def test_unfit_manifest_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=r"^box/bundle") as refused:
        manifest_of(bundle(**fields))
    assert message in refused.value.message
    assert refused.value.hint is not None


@pytest.mark.parametrize("content", ["", "[]", "null", "{", b"\xff", "[" * 1000, b" " * 300_000])
def test_manifest_that_says_nothing_is_refused(content: str | bytes) -> None:
    with pytest.raises(Refused, match=r"^box/bundle"):
        manifest_of(bundle({"bundle.json": content}))


@pytest.mark.parametrize("content", [None, Kind.FOLDER, Kind.LINK, Kind.OTHER])
def test_folder_without_a_manifest_is_no_bundle(content: Kind | None) -> None:
    with pytest.raises(Unreadable, match="box is not a bundle"):
        manifest_of(bundle({"bundle.json": content}))


@settings(max_examples=examples(200), deadline=None)
@given(
    st.binary() | st.dictionaries(st.sampled_from(["name", "version", "ttl"]), st.text() | st.floats()).map(json.dumps)
)
def test_name_and_version_are_fit_for_a_path_whatever_comes(content: bytes | str) -> None:
    try:
        manifest = manifest_of(bundle({"bundle.json": content}))
    except BundlekitError:
        return
    assert manifest.name.replace("-", "a").isalpha()
    assert manifest.name.isascii()
    assert not set(manifest.version) & set("/\\$ \n'\"")
    assert manifest.version[0].isalnum()
    assert manifest.ttl > 0
