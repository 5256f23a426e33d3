"""Safe fixes: what they change, and that they change nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import Choice, selection, selector
from tests.lint.bundles import MANIFEST, bundle
from tests.rotation import examples

FIXABLE = {"BK109", "BK112", "BK117", "BK118"}


def mended(text: str | bytes, *ignored: str, unsafe: bool = False) -> bytes:
    chosen = selection(Choice(ignore=tuple(selector(word) for word in ignored)))
    checked = bundle({"bundle.json": text})
    fixed = fix(checked, chosen, unsafe=unsafe)
    assert fixed.contents.keys() <= {"bundle.json"}
    before = text.encode() if isinstance(text, str) else text
    result = fixed.contents.get("bundle.json", (before, before))
    assert result[0] == before
    again = fix(bundle({"bundle.json": result[1]}), chosen, unsafe=unsafe)
    assert (again.contents, again.count) == ({}, 0)
    return result[1]


def manifest(resources: str) -> str:
    return json.dumps({**MANIFEST, "resources": 0}, indent=2).replace('"resources": 0', f'"resources": {resources}')


# what stands in "resources", and what stands there after
CASES = {
    "upper case in a string": ('[{"methods": "GET", "resource": "/x"}]', '[{"methods": "get", "resource": "/x"}]'),
    "upper case in a list": (
        '[{"methods": ["Get",  "PUT" ], "resource": "/x"}]',
        '[{"methods": ["get",  "put" ], "resource": "/x"}]',
    ),
    "upper case beside lower case": (
        '[{"methods": ["GET", "put", "get"], "resource": "/x"}]',
        '[{"methods": ["put", "get"], "resource": "/x"}]',
    ),
    "upper case twice": (
        '[{"methods": ["GET", "Get", "put"], "resource": "/x"}]',
        '[{"methods": ["get", "put"], "resource": "/x"}]',
    ),
    "repeated": (
        '[{"methods": ["get", "put", "get" , "get"\n ], "resource": "/x"}]',
        '[{"methods": ["get", "put"\n ], "resource": "/x"}]',
    ),
    "prefix": (
        '[{"methods": "get", "resource": "/api/v1/x"}]',
        '[{"methods": "get", "resource": "/x"}]',
    ),
    "prefix without slash, and a slash at the end": (
        '[{"methods": "get", "resource": "api/v1/x/"}]',
        '[{"methods": "get", "resource": "/x/"}]',
    ),
    "slashes at the end": (
        '[{"methods": "get", "resource": "/ä//"}]',
        '[{"methods": "get", "resource": "/ä//"}]',
    ),
    "the prefix alone": ('[{"methods": "get", "resource": "/api/v1"}]', '[{"methods": "get", "resource": "/api/v1"}]'),
    "one that is there already": (
        '[{"methods": "get", "resource": "/x"}, {"methods": "put", "resource": "/api/v1/x"}]',
        '[{"methods": "get", "resource": "/x"}, {"methods": "put", "resource": "/api/v1/x"}]',
    ),
    "one that is there already, among others": (
        '[{"methods": "GET", "resource": "/x"}, {"methods": "put", "resource": "/api/v1/x"}]',
        '[{"methods": "get", "resource": "/x"}, {"methods": "put", "resource": "/api/v1/x"}]',
    ),
    "nothing to mend": ('[{"methods": "patch", "resource": "/x"}]', '[{"methods": "patch", "resource": "/x"}]'),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fix_changes_what_it_is_about_and_no_other_byte(before: str, after: str, line_end: str, mark: bytes) -> None:
    old, new = (mark + manifest(text).replace("\n", line_end).encode() for text in (before, after))
    assert mended(old, "BK207") == new


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["/ä//", "/ä/", "api/v1/ä/"])
def test_slashes_at_the_end_are_removed_on_demand(before: str, line_end: str) -> None:
    old, new = (
        manifest(f'[{{"methods": "get", "resource": "{path}"}}]').replace("\n", line_end).encode()
        for path in (before, "/ä")
    )
    assert mended(old, unsafe=True) == new


def test_what_is_ignored_is_not_mended() -> None:
    text = manifest('[{"methods": "GET", "resource": "/x/"}]')
    assert mended(text, "BK117", unsafe=True) == text.replace('"/x/"', '"/x"').encode()
    assert mended(text, "BK117", "BK118", unsafe=True) == text.encode()


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff", b"[", b'{"resources": [{"methods": "G\\u0045T", "methods": "get"}]}', b"{}", b'[{"ttl": 60}]'],
)
def test_what_cannot_be_mended_is_left_as_it_is(text: bytes) -> None:
    assert mended(text) == text


def test_escaped_text_is_mended() -> None:
    text = manifest('[{"methods": "G\\u0045T", "resource": "\\/api\\/v1\\/x"}]')
    assert mended(text) == manifest('[{"methods": "get", "resource": "/x"}]').encode()


METHODS = st.lists(st.sampled_from(["get", "GET", "Put", "put", "post", "delete", "patch"]), max_size=5)
PATHS = st.sampled_from(["/a", "/a/", "/api/v1/a", "/b", "/api/v1/b/", "/api/v1", "/:id", "/:id/", "a", ""])


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"methods": METHODS, "resource": PATHS}), max_size=4),
    st.sampled_from([None, 0, 2]),
)
def test_any_manifest_is_sounder_after_it(resources: list[dict[str, Any]], indent: int | None) -> None:
    text = json.dumps({**MANIFEST, "resources": resources}, indent=indent)
    after = mended(text, "BK113")  # which joins two declarations
    value = json.loads(after)
    assert {key: item for key, item in value.items() if key != "resources"} == {
        key: item for key, item in MANIFEST.items() if key != "resources"
    }
    before, now = (
        [one.code for one in check(bundle({"bundle.json": content})) if one.code in FIXABLE]
        for content in (text, after)
    )
    assert len(now) <= len(before)
    for old, new in zip(resources, value["resources"], strict=True):
        assert {one.lower() for one in old["methods"]} == {one.lower() for one in new["methods"]}
