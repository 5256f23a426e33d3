"""The SBOM of a bundle: valid by the schema, the same bytes each time, and true."""

from __future__ import annotations

import json
import sys
import tarfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.vendor_lock import LockedPackage, VendorLock
from bundlekit.cli import main
from bundlekit.remote.events import BundleState
from tests.pack.folders import INDEX, MANIFEST, make_folder

NAME = "thermostat-1.2.0.cdx.json"
ARCHIVE = "thermostat-1.2.0.tar.gz"
LOCK = VendorLock(
    requirements=("app==1.0",),
    digest="0" * 64,
    packages=(
        LockedPackage("app", "1.0", "app-1.0.tar.gz", "a" * 64, "MIT", ("app",), ("requirements.txt",)),
        LockedPackage("odd", "2.0", "odd-2.0.whl", "b" * 64, 'Our "own" <terms>', ("odd",), ("app",)),
        LockedPackage("two", "3.0", "two-3.0.whl", "c" * 64, "Apache-2.0 OR MIT", ("two",), ("app", "odd")),
        LockedPackage("none", "4.0", "none-4.0.whl", "d" * 64, "", (), ("odd",)),
    ),
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "thermostat")
    (folder / "vendor").mkdir()
    (folder / "vendor" / "app.py").write_text("import nothing_of_ours\n")
    (folder / "vendor.lock").write_text(LOCK.text())
    line = 'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))\n'
    imports = "import app\nimport helper\nfrom paho.mqtt import client\n"
    imports += "try:\n    import mxserial\nexcept ImportError:\n    pass\n"
    (folder / "index.py").write_text("import os\nimport sys\n\n" + line + imports + INDEX)
    (folder / "helper.py").write_text("import json\n")
    return folder


def packed(bundle: Path, output: Path) -> dict[str, Any]:
    """The SBOM beside the archive, which is the one in it."""
    assert main(["pack", str(bundle), "--sbom", "-o", str(output)]) == 0
    content = (output / NAME).read_bytes()
    with tarfile.open(output / ARCHIVE) as tar:
        inside = tar.extractfile(NAME)
        assert inside is not None
        assert inside.read() == content
    found: dict[str, Any] = json.loads(content)
    return found


def test_sbom_is_valid_by_the_schema(bundle: Path, tmp_path: Path) -> None:
    packed(bundle, tmp_path / "dist")
    text = (tmp_path / "dist" / NAME).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    wrong = text.replace('"type": "library"', '"type": "book"', 1)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(wrong) is not None


def test_sbom_lists_what_the_bundle_brings_and_expects(bundle: Path, tmp_path: Path) -> None:
    sbom = packed(bundle, tmp_path / "dist")
    root = sbom["metadata"]["component"]
    assert (root["name"], root["version"], root["licenses"]) == ("thermostat", "1.2.0", [{"license": {"id": "MIT"}}])
    assert root["authors"] == [{"name": MANIFEST["author"], "email": MANIFEST["email"]}]
    by_ref = {one["bom-ref"]: one for one in sbom["components"]}
    vendored = ["vendor/app", "vendor/none", "vendor/odd", "vendor/two"]
    expected = ["gateway/mxserial", "gateway/paho-mqtt", "gateway/python", "gateway/sanji"]
    assert sorted(by_ref) == sorted([*vendored, *expected])
    app = by_ref["vendor/app"]
    assert app["purl"] == "pkg:pypi/app@1.0"
    assert app["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    licences = {ref: by_ref[ref].get("licenses") for ref in vendored}
    assert licences == {
        "vendor/app": [{"license": {"id": "MIT"}}],
        "vendor/none": None,
        "vendor/odd": [{"license": {"name": 'Our "own" <terms>'}}],
        "vendor/two": [{"expression": "Apache-2.0 OR MIT"}],
    }
    imported = {
        ref: [one["value"] for one in by_ref[ref]["properties"] if one["name"] == "bundlekit:imported-module"]
        for ref in expected
    }
    assert imported["gateway/python"] == ["json", "os", "sys"]
    assert (imported["gateway/paho-mqtt"], imported["gateway/mxserial"]) == (["paho"], ["mxserial"])
    assert [ref for ref in expected if "version" in by_ref[ref]] == ["gateway/python"]
    needs = {one["ref"]: one.get("dependsOn", []) for one in sbom["dependencies"]}
    assert needs["bundle"] == [*expected, "vendor/app"]
    assert needs["vendor/app"] == ["vendor/odd", "vendor/two"]
    assert needs["vendor/odd"] == ["vendor/none", "vendor/two"]


def test_sbom_is_the_same_until_the_bundle_changes(bundle: Path, tmp_path: Path) -> None:
    first, again = packed(bundle, tmp_path / "one"), packed(bundle, bundle)
    assert (tmp_path / "one" / ARCHIVE).read_bytes() == (bundle / ARCHIVE).read_bytes()
    assert packed(bundle, bundle) == again == first, "an SBOM that lies in the folder does not count"
    assert "timestamp" not in first["metadata"]
    (bundle / "helper.py").write_text("import json, json\n")
    changed = packed(bundle, tmp_path / "two")
    assert changed["serialNumber"] != first["serialNumber"]
    assert changed | {"serialNumber": ""} == first | {"serialNumber": ""}


def test_archive_without_an_sbom_is_as_before(bundle: Path, tmp_path: Path) -> None:
    assert main(["pack", str(bundle), "-o", str(tmp_path)]) == 0
    assert [one.name for one in tmp_path.glob("*.json")] == []
    with tarfile.open(tmp_path / ARCHIVE) as tar:
        assert NAME not in tar.getnames()


def test_place_of_the_sbom_that_is_taken_is_left_alone(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / NAME).symlink_to("/etc/passwd")
    assert main(["pack", str(bundle), "--sbom", "-o", str(tmp_path)]) == 3
    assert f"{NAME} exists and is not a file" in capsys.readouterr().err


def test_missing_library_is_named(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cyclonedx.model.bom", None)
    assert main(["pack", str(bundle), "--sbom", "-o", str(bundle)]) == 3
    assert "bundlekit[sbom]" in capsys.readouterr().err
    assert not (bundle / ARCHIVE).exists()


def test_sbom_of_somebody_else_cannot_steer_the_terminal(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle / NAME).write_text('{"\x1b]0;evil\a": "\u202e"}\n')
    monkeypatch.setattr("bundlekit.cli.commands.sbom.session_on", lambda _: nullcontext())
    monkeypatch.setattr("bundlekit.cli.commands.sbom.bundle_there", lambda *_: BundleState("x", current="1"))
    monkeypatch.setattr("bundlekit.deploy.fetching.fetch", lambda *_, **__: Bundle.in_folder(bundle))
    assert main(["sbom", "moxa@127.0.0.1"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
