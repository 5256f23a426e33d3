"""Brings along the script for gateways without its comments, and the SDK of bundles.

The SDK is no dependency, for its old pins would be forced on everybody's environment. Its sources are not in this
repository. Each build fetches them, unless they are in `sdk/` already, and checks them against the digests in
`bundlekit/emulator/sdk/requirements.txt`. The folder that is made of them has a digest in `folder.sha256` beside that,
which is the same with every pip and setuptools, since nothing is built.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REQUIREMENTS = "bundlekit/emulator/sdk/requirements.txt"
FOLDER = "sdk"
SCRIPT = "bundlekit/remote/script/__init__.py"

# What of each sdist is the package itself. All of it is pure Python, for 2.7 and 3 alike.
_PACKAGES = {
    "paho-mqtt": "src/paho",
    "sanji": "sanji",
    "simplejson": "simplejson",
    "six": "six.py",
    "voluptuous": "voluptuous",
}
_LICENCES = ("COPYING*", "LICENSE*", "edl-v10", "epl-v10", "notice.html")
_STAMP = "requirements.txt"  # a copy, which tells people what is in the folder
_DIGEST = "folder.sha256"  # beside the list


class Hook(BuildHookInterface[Any]):
    """Fills `sdk/` and puts it into the wheel and the sdist; an editable install uses it where it lies.

    A wheel gets the script for gateways as it travels, too; an editable install makes that each time. And it gets the
    pages for man.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        fill(root / FOLDER, root / REQUIREMENTS)
        inside = "bundlekit/_shipped/sdk" if self.target_name == "wheel" else FOLDER
        build_data["force_include"][str(root / FOLDER)] = inside
        if self.target_name == "wheel" and version == "standard":
            self._scratch = tempfile.TemporaryDirectory(prefix="bundlekit-")
            for name, content in _script(root).items():
                path = Path(self._scratch.name, name)
                path.write_bytes(content)
                build_data["force_include"][str(path)] = f"bundlekit/_shipped/script/{name}"
            data = f"{self.build_config.builder.artifact_project_id}.data/data"
            for page in _manual(root, Path(self._scratch.name, "man")):
                build_data["force_include"][str(page)] = f"{data}/share/man/man1/{page.name}"


def _script(root: Path) -> dict[str, bytes]:
    """The files of a wheel that stand for the parts of the script."""
    spec = importlib.util.spec_from_file_location("script", root / SCRIPT)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{SCRIPT} cannot be loaded")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return {script.BARE: script.make_bare().encode(), script.PROGRAMS: script.make_programs()}


def _manual(root: Path, place: Path) -> list[Path]:
    """The pages for man, written by the command line itself, which needs nothing but click for that."""
    code = "import pathlib, sys; sys.path.insert(0, sys.argv[1]); from bundlekit.cli import manual; "
    code += "manual.write(pathlib.Path(sys.argv[2]))"
    line = [sys.executable, "-P", "-B", "-c", code, os.fspath(root), os.fspath(place)]
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the pages for man could not be written:\n{done.stderr}")
    return sorted(place.iterdir())


def fill(folder: Path, requirements: Path) -> None:
    """Make a folder that can go on a Python path; one with exactly the files that are expected is left alone.

    Raises:
        RuntimeError: a download failed, or what came is not what was expected.
    """
    expected = requirements.with_name(_DIGEST).read_text("utf-8").strip()
    if folder.is_dir() and not folder.is_symlink():
        for compiled in list(folder.rglob("__pycache__")):  # Python would run it in place of the sources
            if compiled.is_dir() and not compiled.is_symlink():
                shutil.rmtree(compiled)
        stamp = folder / _STAMP
        listed = stamp.read_bytes() if stamp.is_file() and not stamp.is_symlink() else b""
        if listed == requirements.read_bytes() and tree_digest(folder) == expected:
            return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sdk-") as name:
        scratch = Path(name)
        made = scratch / "made"
        for sdist in _download(requirements, scratch / "sdists"):
            shutil.unpack_archive(sdist, scratch / "unpacked")  # its digest is known
            project, version = sdist.name.removesuffix(".tar.gz").rsplit("-", 1)
            _take(project, scratch / "unpacked" / f"{project}-{version}", made)
        shutil.copyfile(requirements, made / _STAMP)
        for path in made.rglob("*"):  # some sdists let nobody but their owner read
            path.chmod(0o755 if path.is_dir() else 0o644)
        if (digest := tree_digest(made)) != expected:
            raise RuntimeError(f"the SDK of bundles is not what {_DIGEST} expects: its folder has sha256:{digest}")
        if folder.is_symlink():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir() or tree_digest(folder) != expected:  # else another build was quicker
                raise


def tree_digest(folder: Path) -> str:
    """A digest of the paths and the content of all files in a folder but for the list of what is in it."""
    lines = []
    for path in folder.rglob("*"):
        is_file = path.is_file() and not path.is_symlink()
        if is_file and path != folder / _STAMP:
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(folder).as_posix()}\n")
        elif not is_file and not (path.is_dir() and not path.is_symlink()):
            lines.append(f"no file: {path.relative_to(folder).as_posix()}\n")
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _download(requirements: Path, place: Path) -> list[Path]:
    # pip runs each setup.py to learn the project's name, with the setuptools of this environment.
    # With -P no module comes from the folder where the build was started. The setuptools come by PYTHONPATH, so no -I.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    command += ["--dest", os.fspath(place), "--requirement", os.fspath(requirements)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the SDK of bundles could not be fetched:\n{done.stdout}{done.stderr}")
    return sorted(place.glob("*.tar.gz"))


def _take(project: str, source: Path, made: Path) -> None:
    """Copy the package itself, and its licence beside it."""
    package = source / _PACKAGES[project]
    made.mkdir(exist_ok=True)
    if package.is_dir():
        shutil.copytree(package, made / package.name, ignore=shutil.ignore_patterns("tests", "*.c"))
    else:
        shutil.copyfile(package, made / package.name)
    licences = made / "licences" / project
    licences.mkdir(parents=True)
    for pattern in _LICENCES:
        for text in source.glob(pattern):
            shutil.copyfile(text, licences / text.name)
