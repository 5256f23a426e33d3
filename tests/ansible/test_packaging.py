"""The collection as users get it: documented, in one version with the package, and as a tarball."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from bundlekit import __version__
from tests.ansible.controller import ROOT, VERSIONS, Controller

COLLECTION = ROOT / "ansible_collections/bundlekit/thingspro"
MODULES = ("bundle", "bundle_info", "bundle_rollback", "bundle_verify")

ARGUMENTS = """
import importlib, json, sys
place = "ansible_collections.bundlekit.thingspro.plugins.action."
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
print(json.dumps({name: importlib.import_module(place + name).ActionModule.ARGUMENTS for name in sys.argv[1:]}))
"""


def test_collection_has_the_version_of_the_package() -> None:
    (galaxy,) = re.findall("^version: (.*)$", (COLLECTION / "galaxy.yml").read_text(), re.MULTILINE)
    (action,) = re.findall(
        '^VERSION = "(.*)"$', (COLLECTION / "plugins/plugin_utils/action.py").read_text(), re.MULTILINE
    )
    assert galaxy == action == __version__


@pytest.mark.parametrize("version", VERSIONS)
def test_documentation_says_what_is_taken(tmp_path: Path, version: str) -> None:
    controller = Controller(tmp_path, version)
    names = [f"bundlekit.thingspro.{module}" for module in MODULES]
    docs: dict[str, Any] = json.loads(controller.run("ansible-doc", "--json", *names).stdout)
    arguments = json.loads(controller.run("python", "-c", ARGUMENTS, *MODULES).stdout)
    for module, name in zip(MODULES, names, strict=True):
        documented = {
            option: {key: said[key] for key in ("type", "default", "choices", "required") if said.get(key) is not None}
            for option, said in docs[name]["doc"]["options"].items()
        }
        for said in documented.values():
            if said.get("required") is False:
                del said["required"]
        assert documented == arguments[module]
        assert f"bundlekit.thingspro.{module}:" in docs[name]["examples"]
        assert {"outcome", "reason"} & docs[name]["return"].keys() or module == "bundle_info"


def test_tarball_can_be_installed(tmp_path: Path) -> None:
    controller = Controller(tmp_path)
    built = controller.run("ansible-galaxy", "collection", "build", str(COLLECTION), "--output-path", str(tmp_path))
    assert built.returncode == 0, built.stderr
    tarball = tmp_path / f"bundlekit-thingspro-{__version__}.tar.gz"
    with tarfile.open(tarball) as built_tar:
        names = set(built_tar.getnames())
    assert {"plugins/action/bundle.py", "playbooks/rolling_update.yml", "README.md", "meta/runtime.yml"} < names
    assert not [name for name in names if name.startswith(("tests", ".ansible/")) or name.endswith(".pyc")]
    place = tmp_path / "collections"
    line = ("ansible-galaxy", "collection", "install", "--force", "--offline", "-p", str(place), str(tarball))
    assert controller.run(*line).returncode == 0
    found = controller.run(
        "ansible-galaxy", "collection", "list", "--format", "json", ANSIBLE_COLLECTIONS_PATH=str(place)
    )
    assert json.loads(found.stdout)[f"{place}/ansible_collections"]["bundlekit.thingspro"]["version"] == __version__


@pytest.mark.parametrize("version", VERSIONS)
def test_what_cannot_be_done_is_an_error_that_names_it(tmp_path: Path, version: str) -> None:
    odd = {
        "ansible_connection": "local",
        "ansible_become_method": "su",
        "ansible_become_user": "moxa",
        "ansible_ssh_executable": "/opt/ssh",
        "ansible_ssh_pkcs11_provider": "/opt/pkcs11.so",
        "ansible_ssh_args": "-o Ciphers=aes256-ctr",
        "ansible_ssh_common_args": "-R 80:localhost:80",
        "ansible_ssh_extra_args": "-o",
    }
    controller = Controller(tmp_path, version)
    controller.write_inventory(
        {name: {name: value, "ansible_become": name.startswith("ansible_become")} for name, value in odd.items()}
    )
    # What only adds to what OpenSSH does, and what no log-in depends on, is no obstacle.
    fine = {
        "ansible_host": "127.0.0.1",
        "ansible_port": 9,
        "ansible_ssh_common_args": "-C -o HostKeyAlgorithms=+ssh-rsa",
    }
    with controller.inventory.open("a") as inventory:
        inventory.write("fine " + " ".join(f"{name}='{value}'" for name, value in fine.items()) + "\n")
    results = controller.ask_each("bundle_info")
    assert results.pop("fine")["reason"] == "gateway_unreachable"
    assert {host: host in one["msg"] and one["word"] for host, one in results.items()} == dict.fromkeys(odd, "FAILED")


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("", "cannot import bundlekit"),
        ("import sys; sys.path.remove(__path__[0][:-10]); del sys.modules['bundlekit']; import bundlekit\n"
         "bundlekit.__version__ = '9.9.9'", "has version 9.9.9 of the package bundlekit"),
    ],
)  # fmt: skip
def test_package_of_another_version_is_named(tmp_path: Path, package: str, words: str) -> None:
    (tmp_path / "path/bundlekit").mkdir(parents=True)
    (tmp_path / "path/bundlekit/__init__.py").write_text(package)
    controller = Controller(tmp_path)
    controller.write_inventory({"gw": {}})
    found = controller.ask_each("bundle_info", PYTHONPATH=str(tmp_path / "path"))
    assert words in found["gw"]["msg"]
