"""Files below a folder: one looked for, or all of them listed."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from bundlekit.bundle.files import FolderFiles, Kind
from bundlekit.errors import Unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, content in {"a": "1", "d/b": "22", "d/e/c": "", ".git/x": "", "d/.git/y": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "a").chmod(0o755)
    (tmp_path / "link").symlink_to("d")
    os.mkfifo(tmp_path / "d" / "pipe")
    return tmp_path


LISTED = {
    ".git": Kind.FOLDER,
    "a": Kind.FILE,
    "d": Kind.FOLDER,
    "d/.git": Kind.FOLDER,
    "d/b": Kind.FILE,
    "d/e": Kind.FOLDER,
    "d/e/c": Kind.FILE,
    "d/pipe": Kind.OTHER,
    "link": Kind.LINK,
}


def test_everything_is_listed_in_order_but_what_is_skipped(folder: Path) -> None:
    entries = FolderFiles(folder).entries
    assert {path: entry.kind for path, entry in entries.items()} == LISTED
    assert list(entries) == sorted(LISTED)
    assert len(entries) == len(LISTED)


@pytest.mark.parametrize("path", LISTED)
def test_looking_for_one_gives_what_the_listing_gives(folder: Path, path: str) -> None:
    listed = FolderFiles(folder).entries
    assert FolderFiles(folder).entries[path] == dict(listed)[path] == listed[path]


@pytest.mark.parametrize(
    "path",
    [
        "b",
        "a/b",
        "d/../a",
        "./a",
        "d//b",
        "/a",
        "",
        "d/",
        "link/b",
        ".git/x",
        "d/.git/y",
        "\0",
        "\ud800",
        "x" * 300,
        "d/e/c/f",
    ],
)
def test_what_is_not_listed_is_not_found_either(folder: Path, path: str) -> None:
    assert path not in FolderFiles(folder).entries
    listed = FolderFiles(folder).entries
    assert path not in list(listed)
    assert path not in listed


def test_looking_for_one_does_not_go_through_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "scandir", None)
    entry = FolderFiles(folder).entries["a"]
    assert (entry.size, entry.executable, entry.target) == (1, True, "")
    assert FolderFiles(folder).entries["link"].target == "d"


def test_what_is_to_be_skipped_is_not_looked_into(folder: Path) -> None:
    entries = FolderFiles(folder, skip=lambda path: path == "d/e").entries
    assert "d/e/c" not in entries
    assert ".git/x" in entries
    assert "d/e" in list(entries)
    assert "d/e/c" not in list(entries)


def test_folder_that_is_not_there_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot list"):
        list(FolderFiles(tmp_path / "nowhere").entries)


def test_no_more_is_read_than_asked_for(folder: Path) -> None:
    files = FolderFiles(folder)
    assert (files.read("d/b"), files.read("d/b", 1)) == (b"22", b"2")


@pytest.mark.parametrize("path", ["d/pipe", "d", "nowhere"])
def test_what_is_no_file_is_not_read(folder: Path, path: str) -> None:
    with pytest.raises(Unreadable):
        FolderFiles(folder).read(path)


def test_small_file_takes_no_room_for_the_limit(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_bytes(b"x = 1\n")
    files = FolderFiles(tmp_path)
    tracemalloc.start()
    try:
        assert files.read("index.py", 64 * 1024 * 1024) == b"x = 1\n"
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_file_without_a_known_size_is_read() -> None:
    files = FolderFiles(Path("/proc/self"))
    assert b"VmRSS" in files.read("status", 1024 * 1024)
    assert len(files.read("status", 10)) == 10
