"""Real packages: under Python 2.7 of this machine, and on a booted gateway that has no network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bundlekit.vendor.trial import find_python_2
from bundlekit.vendor.vendoring import Vendored, vendor
from tests.source.python_2 import interpreter
from tests.workstation import Workstation

IMPORTS = "import pymodbus\nimport six\nfrom pymodbus.utilities import computeCRC\n"
SETTINGS = "data=self.model.db"
ANSWER = 'data={"crc": computeCRC(b"123456789"), "six": six.__version__, "from": pymodbus.__file__}'


@pytest.fixture(scope="module")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Vendored]:
    """The folder of a bundle that was vendored from the package index of this machine, the only one in all tests."""
    folder = tmp_path_factory.mktemp("vendored")
    wanted = "requests==2.25.1\npyserial==3.5\npymodbus==2.5.3\npaho-mqtt==1.6.1\n"
    (folder / "requirements.txt").write_text(wanted)
    python = find_python_2(str(interpreter(tmp_path_factory.mktemp("python-2"))))
    return folder, vendor(folder, upgrade=False, python=python)


def test_real_packages_are_imported_under_python_2(vendored: tuple[Path, Vendored]) -> None:
    folder, done = vendored
    found = {one.name: one for one in done.lock.packages}
    assert {"requests", "pyserial", "pymodbus", "paho-mqtt", "six", "urllib3", "certifi"} <= found.keys()
    assert found["paho-mqtt"].file == "paho-mqtt-1.6.1.tar.gz"
    assert found["six"].required_by == ("pymodbus",)
    assert done.trial is not None
    assert (done.trial.version[:4], done.trial.failed) == ("2.7.", {})
    assert not list((folder / "vendor").rglob("*.dist-info"))
    assert (folder / "vendor" / "licences" / "pymodbus" / "LICENSE").is_file()


@pytest.mark.gateway
def test_vendored_bundle_answers_on_a_gateway(vendored: tuple[Path, Vendored], shared_workstation: Workstation) -> None:
    desk = shared_workstation
    made = desk.run("new", "--name", "modbus", "--resource", "/modbus:get", "--no-input", "-o", str(desk.home))
    assert made.code == 0, made.err
    bundle = desk.home / "modbus"
    for name in ("vendor", "vendor.lock", "requirements.txt"):
        _copy(vendored[0] / name, bundle / name)
    index = (bundle / "index.py").read_text().replace("from sanji.core", IMPORTS + "from sanji.core", 1)
    assert SETTINGS in index
    (bundle / "index.py").write_text(index.replace(SETTINGS, ANSWER))
    checked = desk.run("validate", str(bundle))
    assert (checked.code, "clean" in checked.err) == (0, True), checked.out
    packed = desk.run("pack", str(bundle), "--sbom", "-o", str(desk.home / "dist"))
    assert packed.code == 0, packed.err
    archive = desk.home / "dist" / "modbus-0.1.0.tar.gz"
    try:
        deployed = desk.deploy(archive)
        assert deployed.code == 0, deployed.err
        code, answer = desk.machine.api("GET", "/modbus")
        assert (code, answer["crc"]) == (200, 0x374B)
        assert "/vendor/pymodbus/__init__.py" in answer["from"]
        locked = {one.name: one.version for one in vendored[1].lock.packages}
        assert answer["six"] == locked["six"], "what the bundle brings goes before what the SDK has"
        there = desk.on_gateway("sbom", "--bundle", "modbus")
        assert there.code == 0, there.err
        assert there.err.count("release 0.1.0-") == 1, "it is found without the rest of the release"
        assert there.out == (desk.home / "dist" / "modbus-0.1.0.cdx.json").read_text()
        assert desk.deploy(bundle).code == 0
        made_anew = desk.on_gateway("sbom", "--bundle", "modbus")
        assert "packed without an SBOM" in made_anew.err
        assert json.loads(made_anew.out) == json.loads(there.out)
    finally:
        desk.on_gateway("remove", "--bundle", "modbus", "--purge", "--yes")


def _copy(source: Path, target: Path) -> None:

    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
