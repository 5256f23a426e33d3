"""The files of a bundle with one of them as it stands in an editor, or under another name, not as on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bundlekit.bundle.files import Entry, Files, Kind
from bundlekit.errors import Unreadable


@dataclass(frozen=True)
class Overlaid:
    """Files with the content of one replaced, or one added.

    Attributes:
        files: what lies there.
        path: of the one file, relative to the bundle's top.
        content: of it.
    """

    files: Files
    path: str
    content: bytes

    @property
    def entries(self) -> Mapping[str, Entry]:
        return _Entries(self.files.entries, Entry(self.path, Kind.FILE, len(self.content)))

    def read(self, path: str, limit: int | None = None) -> bytes:
        return self.content[:limit] if path == self.path else self.files.read(path, limit)


@dataclass(frozen=True)
class _Entries(Mapping[str, Entry]):
    """Looks for one path at a time as long as nobody wants to see all of them."""

    entries: Mapping[str, Entry]
    replaced: Entry

    def __getitem__(self, path: str) -> Entry:
        return self.replaced if path == self.replaced.path else self.entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self.entries, self.replaced.path}))

    def __len__(self) -> int:
        return len({*self.entries, self.replaced.path})


@dataclass(frozen=True)
class Renamed:
    """Files with one of them under another name.

    Attributes:
        files: what lies there.
        old: the file's path, relative to the bundle's top.
        new: the one that it has here.
    """

    files: Files
    old: str
    new: str

    @property
    def entries(self) -> Mapping[str, Entry]:
        entries = dict(self.files.entries)
        moved = entries.pop(self.old)
        return dict(sorted({**entries, self.new: replace(moved, path=self.new)}.items()))

    def read(self, path: str, limit: int | None = None) -> bytes:
        if path == self.old:
            raise Unreadable(f"there is no {path} any more")
        return self.files.read(self.old if path == self.new else path, limit)
