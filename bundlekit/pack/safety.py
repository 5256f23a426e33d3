"""What an archive must not hold, whether it is being written or read.

A gateway unpacks archives as root, and bundles are written on systems that fold case and on such that do
not. So an archive holds plain files and folders only, under names that mean the same everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bundlekit.bundle.files import Entry, Kind
from bundlekit.errors import Refused
from bundlekit.quoting import printable

MEBIBYTE = 1024 * 1024
MAX_MEMBERS = 10_000  # each is a file or folder on the flash of a gateway
MAX_PATH = 1000  # bytes; a release folder stands before it, and Linux takes 4096
MAX_NAME = 255  # bytes, what a name may have on Linux's file systems
MAX_UNPACKED = 256 * MEBIBYTE  # a gateway has about 200 MB of disk left
MAX_RATIO = 200  # text packs to a tenth, a bomb to a thousandth
HARMLESS_UNPACKED = 32 * MEBIBYTE  # up to here no ratio is a bomb

_SHOWN_PROBLEMS = 20  # lines of an error


@dataclass(frozen=True, slots=True)
class UnsafeEntry:
    """Why something cannot be in an archive: its path, or nothing where it is about all of them, and the reason."""

    path: str
    what: str


def check(label: str, entries: Iterable[Entry]) -> None:
    """Hold what is in an archive, or is to go in, against the rules.

    Args:
        label: how messages call the bundle or the archive.
        entries: in any order; a path that comes twice is a fault.

    Raises:
        Refused: naming what is wrong with each.
    """
    problems = list(dict.fromkeys(problem.what for problem in problems_of(list(entries))))
    if problems:
        raise Refused(
            f"{label}: {problems[0]}" + (f" (and {len(problems) - 1} more)" if problems[1:] else ""),
            details=tuple(problems[1:_SHOWN_PROBLEMS]),
            hint="an archive holds plain files and folders, under names that mean the same on every system",
        )


def problems_of(entries: list[Entry]) -> Iterator[UnsafeEntry]:
    """What an archive with these entries would not be taken for."""
    yield from (UnsafeEntry("", what) for what in _amount(entries))
    yield from (UnsafeEntry(entry.path, what) for entry in entries for what in _problem(entry))
    yield from _clashes([entry for entry in entries if len(entry.path) <= MAX_PATH])


def is_bomb(unpacked: int, packed: int) -> bool:
    """Whether so many bytes must not come out of so few."""
    return unpacked > MAX_UNPACKED or unpacked > max(HARMLESS_UNPACKED, MAX_RATIO * packed)


def _amount(entries: list[Entry]) -> Iterator[str]:
    if len(entries) > MAX_MEMBERS:
        yield f"it holds {len(entries)} files and folders or more, at most {MAX_MEMBERS} are taken"
    size = sum(entry.size for entry in entries)
    if size > MAX_UNPACKED:
        yield f"its files have {size} bytes, more than {MAX_UNPACKED // MEBIBYTE} MiB"


def _problem(entry: Entry) -> Iterator[str]:
    name = printable(entry.path)
    if entry.kind is Kind.LINK:
        yield f"{name} is a link to {printable(entry.target)}"
    elif entry.kind is Kind.OTHER:
        yield f"{name} is neither a file nor a folder"
    parts = entry.path.split("/")
    if entry.path.startswith("/"):
        yield f"{name} is an absolute path"
    elif ".." in parts:
        yield f"{name} leads out of its folder"
    elif "" in parts or "." in parts:
        yield f"{name or 'a member without a name'} is not a plain path"
    if "\\" in entry.path:
        yield f"{name} has a backslash in its name"
    try:
        encoded = entry.path.encode()
    except UnicodeEncodeError:
        yield f"{name} has a name that is not UTF-8"
        return
    if not entry.path.isprintable() and any(
        unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in entry.path
    ):
        yield f"{name} has a control character in its name"
    if len(encoded) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        yield f"{name[:60]}... has a name of {len(encoded)} bytes"


def _clashes(entries: list[Entry]) -> Iterator[UnsafeEntry]:
    """Two names where some system sees one: by case, or by the form of their accents."""
    first: dict[str, str] = {}
    files = {entry.path for entry in entries if entry.kind is not Kind.FOLDER}
    listed = set()
    for entry in entries:
        if entry.path in listed:
            yield UnsafeEntry(entry.path, f"{printable(entry.path)} comes twice")
            continue
        listed.add(entry.path)
        for path in (*_parents(entry.path), entry.path):
            other = first.setdefault(_folded(path), path)
            if other != path:
                what = f"{printable(path)} and {printable(other)} differ in case or accents only"
                yield UnsafeEntry(entry.path, what)
                break
            if path != entry.path and path in files:
                yield UnsafeEntry(entry.path, f"{printable(path)} is a file, and a folder for {printable(entry.path)}")
                break


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _parents(path: str) -> Iterator[str]:
    cut = path.find("/")
    while cut > 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)
