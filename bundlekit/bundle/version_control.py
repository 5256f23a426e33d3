"""Whether git keeps a file, as far as that can be seen without running it."""

from __future__ import annotations

import os
from pathlib import Path

_LARGEST_INDEX = 64 * 1024 * 1024  # bytes, of about half a million files; to read more takes longer than a check
_LONGEST_LINK = 4096  # bytes; Linux has no longer paths


def is_tracked(folder: Path, path: str) -> bool:
    """Whether the index of the git repository around a folder lists a file in it.

    Only what is certain counts: False also where there is no repository, or where its index cannot be read or has a
    form (version 4, split) that does not spell every path out.
    """
    real = Path(os.path.realpath(folder))
    for top in (real, *real.parents):
        if os.path.lexists(top / ".git"):
            listed = Path(os.path.relpath(real, top), path).as_posix()
            return _lists(_read_index(top), os.fsencode(listed))
    return False


def _read_index(top: Path) -> bytes:
    place = top / ".git"
    try:
        if place.is_file():  # of a worktree or a submodule: where the repository really is
            with place.open("rb") as stream:
                link = os.fsdecode(stream.read(_LONGEST_LINK)).strip()
            place = top / link.removeprefix("gitdir: ")
        index = place / "index"
        if not index.is_file() or index.stat().st_size > _LARGEST_INDEX:
            return b""
        return index.read_bytes()
    except (OSError, ValueError):
        return b""


def _lists(index: bytes, path: bytes) -> bool:
    """An entry has its path, closed by a null byte, behind a field with the length of the path in its lower 12 bits."""
    version = int.from_bytes(index[4:8], "big")
    if index[:4] != b"DIRC" or version not in (2, 3):
        return False
    length = min(len(path), 0xFFF)
    place = index.find(path + b"\0")
    while place >= 0:
        fields = (index[place - 2 : place], index[place - 4 : place - 2])[: version - 1]
        if any(len(field) == 2 and int.from_bytes(field, "big") & 0xFFF == length for field in fields):
            return True
        place = index.find(path + b"\0", place + 1)
    return False
