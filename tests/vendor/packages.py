"""Wheels and sdists that tests make, and a folder of them that stands for a package index."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

TRAP = """\
import os
open(os.environ["BUNDLEKIT_TRAP"], "w").close()
from setuptools import setup
setup(name="old", version="1.0", py_modules=["old"])
"""
"""A setup.py that can be seen to have run."""


def metadata(name: str, version: str, *fields: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *fields]) + "\n\n"


def wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    *fields: str,
    tag: str = "py2.py3-none-any",
    members: Sequence[zipfile.ZipInfo] = (),
) -> Path:
    """Make a wheel; `members` are added as they are, with their own name as content."""
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as made:
        for place, content in files.items():
            made.writestr(place.replace("INFO", info), content)
        for member in members:
            made.writestr(member, member.filename)
        made.writestr(f"{info}/METADATA", metadata(name, version, *fields))
        made.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        made.writestr(f"{info}/RECORD", "")
    return path


def sdist(folder: Path, name: str, version: str, files: Mapping[str, str], *fields: str) -> Path:
    """Make an sdist; its files lie below `NAME-VERSION/`."""
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for place, text in {"PKG-INFO": metadata(name, version, *fields), **files}.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{name}-{version}/{place}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where pip finds packages, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("BUNDLEKIT_TRAP", str(tmp_path / "trap"))
    return folder
