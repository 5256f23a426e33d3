"""The wheel, installed into an empty environment, has all that the verbs need."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundlekit.cli.summaries import SUMMARIES
from bundlekit.remote import script

ROOT = Path(__file__).parents[1]
SIX = (
    "d4b15d03802a71b4070e5a39e788f718efca2d909d032c11fdf36c7d36a133b6"  # of the folder that is made of six 1.13.0 alone
)


@dataclass(frozen=True)
class Installed:
    """An environment that knows bundlekit from its wheel alone."""

    wheel: Path
    environment: Path

    def run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder, and expect it to succeed."""
        kept = {key: os.environ[key] for key in ("LANG", "TMPDIR") if key in os.environ}
        ended = subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=folder,
            env={**kept, "HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended


def environment_with(folder: Path, *packages: str) -> Path:
    """The Python of a new environment that has these and what they need; what nobody imports is not compiled."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", *packages], check=True, capture_output=True)
    return python


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has what a build asks for, and nothing else."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    return environment_with(tmp_path_factory.mktemp("builder") / "environment", *needed)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str, builder: Path) -> Installed:
    """Built and installed once, however many processes run the tests."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "wheel"
    place.mkdir(exist_ok=True)
    done, environment = place / "done", place / "environment"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(environment, ignore_errors=True)
            build = [str(builder), "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
            subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
            (wheel,) = place.glob("*.whl")
            environment_with(environment, str(wheel))
            done.touch()
    (wheel,) = place.glob("*.whl")
    return Installed(wheel, environment)


def test_wheel_carries_the_schema_the_template_and_the_types(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    assert "bundlekit/_shipped/schemas/bundle.schema.json" in names
    assert "bundlekit/_shipped/templates/bundle/cookiecutter.json" in names
    assert "bundlekit/_shipped/docs/rules/BK101.md" in names
    assert "bundlekit/py.typed" in names
    shipped = {str(path.relative_to(ROOT)) for top in ("schemas", "sdk", "templates") for path in _files(ROOT / top)}
    assert {f"bundlekit/_shipped/{name}" for name in shipped} <= names
    tops = ("ansible_collections/bundlekit/thingspro", "bundlekit")
    package = {str(path.relative_to(ROOT)) for top in tops for path in _files(ROOT / top) if path.suffix != ".pyc"}
    assert {name for name in package if "/.ansible/" not in name and "/tests/output/" not in name} <= names
    at_top = {name.partition("/")[0] for name in names if "dist-info" not in name and ".data/" not in name}
    assert at_top == {"ansible_collections", "bundlekit"}


def test_wheel_has_the_script_ready_as_a_checkout_makes_it(installed: Installed) -> None:
    wheel = zipfile.ZipFile(installed.wheel)
    assert wheel.read("bundlekit/_shipped/script/bare.sh").decode() == script.make_bare()
    assert wheel.read("bundlekit/_shipped/script/programs.zip") == script.make_programs()
    tell = "from bundlekit.remote import script; script.make_bare = script.make_programs = None; print(script.digest())"
    told = installed.run("python", "-I", "-c", tell, folder=installed.environment)
    assert told.stdout.strip() == script.digest()


def test_wheel_brings_the_sdk_and_its_licences_along_and_depends_on_none_of_it(installed: Installed) -> None:
    wheel = zipfile.ZipFile(installed.wheel)
    brought = {path.removeprefix("bundlekit/_shipped/sdk/") for path in wheel.namelist() if "_shipped/sdk/" in path}
    assert {"paho", "sanji", "simplejson", "six.py", "voluptuous"} < {path.partition("/")[0] for path in brought}
    licensed = {path.split("/")[1] for path in brought if path.startswith("licences/")}
    assert licensed == {"paho-mqtt", "sanji", "simplejson", "six", "voluptuous"}
    assert not [path for path in brought if path.endswith((".so", ".c", ".pyc"))]
    (metadata,) = [path for path in wheel.namelist() if path.endswith(".dist-info/METADATA")]
    needed = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist: ")]
    assert needed
    assert not [
        line for line in needed if line.split()[1].startswith(("sanji", "six", "simplejson", "voluptuous", "paho"))
    ]


def test_build_leaves_a_filled_folder_alone_and_takes_nothing_of_another_digest(builder: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()

    def fill(digest: str, index: str | None = None, tree: str = SIX) -> subprocess.CompletedProcess[str]:
        (tmp_path / "folder.sha256").write_text(f"{tree}\n")
        (tmp_path / "requirements.txt").write_text(f"six==1.13.0 --hash=sha256:{digest}\n")
        code = "import hatch_build, pathlib, sys; hatch_build.fill(*map(pathlib.Path, sys.argv[1:]))"
        return subprocess.run(
            [builder, "-c", code, place / "sdk", tmp_path / "requirements.txt"],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                **({"PIP_INDEX_URL": index, "PIP_RETRIES": "0"} if index else {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    digest = "30f610279e8b2578cab6db20741130331735c781b56053c59c4076da27f06b66"
    assert fill(digest).stderr == ""
    assert {path.name for path in (place / "sdk").iterdir()} == {"licences", "requirements.txt", "six.py"}
    nowhere = "http://127.0.0.1:9/nowhere"
    assert fill(digest, index=nowhere).stderr == ""

    # Whoever can write to the folder before the build brings nothing of their own along.
    source = (place / "sdk/six.py").read_text()
    (place / "sdk/six.py").write_text(source + "\nprint('theirs')\n")
    assert "could not be fetched" in fill(digest, index=nowhere).stderr
    assert fill(digest).stderr == ""
    assert (place / "sdk/six.py").read_text() == source
    (place / "sdk/__pycache__").mkdir()
    (place / "sdk/__pycache__/six.cpython-311.pyc").write_text("theirs")
    assert fill(digest, index=nowhere).stderr == ""
    assert not (place / "sdk/__pycache__").exists()
    for add in (lambda file: file.write_text("theirs"), lambda file: file.symlink_to("/etc/passwd"), os.mkfifo):
        for name in ("more.py", "__pycache__"):
            add(place / "sdk" / name)
        assert fill(digest).stderr == ""
        assert {path.name for path in (place / "sdk").iterdir()} == {"licences", "requirements.txt", "six.py"}
    (place / "sdk").rename(place / "theirs")
    (place / "sdk").symlink_to("theirs")
    assert fill(digest).stderr == ""
    assert not (place / "sdk").is_symlink()
    shutil.rmtree(place / "theirs")

    assert f"its folder has sha256:{SIX}" in fill(digest, tree=SIX[::-1]).stderr
    assert "DO NOT MATCH THE HASHES" in fill(digest[::-1]).stderr
    assert {str(path.relative_to(place)) for path in place.glob("*")} == {"sdk"}
    assert (place / "sdk/six.py").exists()


def test_installed_package_is_not_the_checkout(installed: Installed, tmp_path: Path) -> None:
    shipped = "s.manifest_schema(), s.bundle_template(), s.sdk()"
    tell = f"import bundlekit, bundlekit.shipped as s; print(bundlekit.__file__, {shipped})"
    places = [Path(place) for place in installed.run("python", "-c", tell, folder=tmp_path).stdout.split()]
    assert len(places) == 4
    assert all(place.is_relative_to(installed.environment) and place.exists() for place in places)


@pytest.mark.parametrize("verb", SUMMARIES)
def test_every_verb_has_its_help_there(verb: str, installed: Installed, tmp_path: Path) -> None:
    run = installed.run("bundlekit", verb, "--help", folder=tmp_path)
    assert f"Usage: bundlekit {verb}" in run.stdout


def test_new_validate_and_pack_work_there_from_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    line = ["new", "--name", "thermostat", "--resource", "/thermostat:get,put", "--no-input"]
    installed.run("bundlekit", *line, folder=tmp_path)
    installed.run("bundlekit", "validate", "thermostat", folder=tmp_path)
    digest, path = installed.run("bundlekit", "pack", "thermostat", folder=tmp_path).stdout.split()
    assert (len(digest), path) == (64, "thermostat-0.1.0.tar.gz")
    installed.run("bundlekit", "validate", path, folder=tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} - {".cache"} == {"thermostat", path}


def test_version_is_the_same_by_both_ways_in(installed: Installed, tmp_path: Path) -> None:
    told = {
        installed.run("bundlekit", "--version", folder=tmp_path).stdout,
        installed.run("python", "-m", "bundlekit", "--version", folder=tmp_path).stdout,
    }
    assert told == {f"bundlekit {installed.wheel.name.split('-')[1]}\n"}


def test_man_finds_a_page_for_each_verb_there(installed: Installed) -> None:
    pages = {page.name for page in (installed.environment / "share/man/man1").iterdir()}
    assert {"bundlekit.1", *(f"bundlekit-{verb}.1" for verb in SUMMARIES)} <= pages


@pytest.mark.parametrize(
    "line",
    [
        ["uv", "tool", "install", "--quiet"],
        ["pipx", "install", "--backend", "uv", "--quiet"],
    ],
    ids=["uv", "pipx"],
)
def test_wheel_is_a_command_of_its_own_by(line: list[str], installed: Installed, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path("~/.cache/uv").expanduser())),
        "UV_TOOL_BIN_DIR": str(programs),
        "PIPX_BIN_DIR": str(programs),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    done = subprocess.run(
        [*line, "--python", sys.executable, str(installed.wheel)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = subprocess.run(
        [programs / "bundlekit", "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert told.stdout == f"bundlekit {installed.wheel.name.split('-')[1]}\n"
    if line[0] == "pipx":
        assert (tmp_path / "man/man1/bundlekit-deploy.1").exists()


def test_sdist_builds_the_same_wheel_without_a_network(installed: Installed, builder: Path, tmp_path: Path) -> None:
    offline = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/nowhere", "PIP_RETRIES": "0"}
    build = [str(builder), "-m", "hatchling", "build", "--directory", str(tmp_path), "--target"]
    subprocess.run([*build, "sdist"], check=True, capture_output=True, cwd=ROOT, env=offline)
    (sdist,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path, filter="data")
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    ours = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    brought = {str(path.relative_to(unpacked)) for path in _files(unpacked)} - {"PKG-INFO"}
    assert {path for path in brought if not path.startswith("sdk/")} <= set(ours.stdout.decode().split("\0"))
    subprocess.run([*build, "wheel"], check=True, capture_output=True, cwd=unpacked, env=offline)
    (wheel,) = tmp_path.glob("*.whl")
    contents = [
        {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
        for archive in map(zipfile.ZipFile, (wheel, installed.wheel))
    ]
    assert contents[0] == contents[1]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
