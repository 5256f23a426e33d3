"""An archive's name, and how it is written."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun, Refused, Taken, Unreadable
from bundlekit.pack.archive import Archive, ArchiveMember, pack, write
from tests.pack.folders import BUNDLE, MANIFEST, make_folder


def _archive(folder: Path, **fields: object) -> Archive:
    manifest = json.dumps({**MANIFEST, **fields})
    return pack(Bundle.in_folder(make_folder(folder, BUNDLE | {"bundle.json": manifest})))


@pytest.mark.parametrize(
    ("name", "version", "file_name"),
    [
        ("thermostat", "1.2.0", "thermostat-1.2.0.tar.gz"),
        ("Living-Room", "1.0.0-rc.1+build.5", "Living-Room-1.0.0-rc.1+build.5.tar.gz"),
        ("-rf", "1", "-rf-1.tar.gz"),
        ("--", "2017~1", "---2017~1.tar.gz"),
    ],
)
def test_file_is_named_by_name_and_version(tmp_path: Path, name: str, version: str, file_name: str) -> None:
    archive = _archive(tmp_path / "b", name=name, version=version)
    assert (archive.name, archive.version, archive.file_name) == (name, version, file_name)
    assert write(archive, tmp_path) == tmp_path / file_name
    assert (tmp_path / file_name).read_bytes() == archive.data


@pytest.mark.parametrize("field", ["name", "version"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/passwd",
        "a\n",
        "a b",
        "a\\b",
        "$(reboot)",
        "a;b",
        "é",
        "\x1b[2J",
        1,
        None,
        [],
        "a\0",
    ],
)
def test_what_cannot_be_part_of_a_file_name_is_refused(tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(Refused, match=field) as caught:
        _archive(tmp_path / "b", **{field: value})
    assert caught.value.message.isprintable()


def test_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"there is no bundle\.json"):
        pack(Bundle.in_folder(tmp_path))


def test_members_are_told(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, BUNDLE | {"start.sh": "exit\n", "log/": ""}, executable=["start.sh"])
    members = pack(Bundle.in_folder(folder)).members
    assert [member.path for member in members] == [
        "SHA256SUMS",
        "bundle.json",
        "data/thermostat.json.factory",
        "index.py",
        "start.sh",
    ]
    assert members[-1] == ArchiveMember("start.sh", 5, executable=True)


def test_writing_makes_the_folder_and_replaces_what_was_there(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "b")
    place = tmp_path / "a" / "b" / archive.file_name
    assert write(archive, place.parent) == place
    place.write_bytes(b"old")
    assert write(archive, place.parent).read_bytes() == archive.data
    assert [path.name for path in place.parent.iterdir()] == [archive.file_name]


def test_archive_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        place = write(_archive(tmp_path / "b"), tmp_path)
    finally:
        os.umask(before)
    assert place.stat().st_mode & 0o777 == 0o640


def test_failed_write_leaves_the_old_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _archive(tmp_path / "b")
    out = tmp_path / "out"
    place = write(archive, out)
    place.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CouldNotRun, match="No space left on device"):
        write(archive, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {archive.file_name: b"old"}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda place: place.symlink_to("elsewhere")])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: object) -> None:
    archive = _archive(tmp_path / "b")
    place = tmp_path / archive.file_name
    assert callable(make)
    make(place)
    before = place.lstat()
    with pytest.raises(Taken, match="exists and is not a file"):
        write(archive, tmp_path)
    assert place.lstat() == before
    assert not (tmp_path / "elsewhere").exists()


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "b")
    (tmp_path / "file").touch()
    with pytest.raises(CouldNotRun, match=r"cannot write .*file"):
        write(archive, tmp_path / "file" / "out")
