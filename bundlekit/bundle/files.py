"""The files of a bundle, whether they lie in a folder or in an archive."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Protocol

from bundlekit.errors import Unreadable
from bundlekit.io import CLOEXEC, NONBLOCK


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"  # a device, a FIFO, a socket


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a bundle.

    Attributes:
        path: relative to the bundle's top, `/` between the parts on every system, never empty.
        size: in bytes; 0 unless it is a file.
        executable: whether the owner may execute it.
        target: where a link points, else empty.
    """

    path: str
    kind: Kind
    size: int = 0
    executable: bool = False
    target: str = ""


class Files(Protocol):
    """Read access to a bundle's files."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Everything in the bundle by its path, sorted by path."""
        ...

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The content of a file, at most `limit` bytes of it.

        Raises:
            Unreadable: there is no such file, or it cannot be read.
        """
        ...


def is_version_control(path: str) -> bool:
    """Whether a folder belongs to a version control system."""
    return path.rpartition("/")[2] in {".git", ".hg", ".svn"}


class FolderFiles:
    """The files below a folder. Links are listed and never followed."""

    def __init__(self, root: Path, skip: Callable[[str], bool] = is_version_control) -> None:
        """`skip`: says by its path whether a folder is listed but not looked into."""
        self.root = root
        self.entries: Mapping[str, Entry] = _FolderEntries(root, skip)

    def read(self, path: str, limit: int | None = None) -> bytes:
        try:
            # O_NONBLOCK: a FIFO that nobody writes to must not make us wait for ever.
            descriptor = os.open(f"{self.root}/{path}", os.O_RDONLY | NONBLOCK | CLOEXEC)
            with FileIO(descriptor, "rb") as stream:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise Unreadable(f"{self.root / path} is not a regular file")
                if limit is None:
                    return stream.readall()
                # Room for the limit would take longer to get than most files take to read.
                content = stream.read(min(limit, status.st_size + 1))
                while len(content) > status.st_size and (more := stream.read(limit - len(content))):
                    content += more  # it grows, or the system does not know its size
                return content
        except OSError as error:
            raise Unreadable(f"cannot read {self.root / path}: {error.strerror}") from error

    def is_tracked(self, path: str) -> bool:
        """Whether git keeps a file; see `bundlekit.bundle.version_control`."""
        from bundlekit.bundle.version_control import is_tracked

        return is_tracked(self.root, path)


class _FolderEntries(Mapping[str, Entry]):
    """Looks for one path at a time; only who wants to see all of them makes it go through the whole folder."""

    def __init__(self, root: Path, skip: Callable[[str], bool]) -> None:
        self._root = root
        self._skip = skip

    def __getitem__(self, path: str) -> Entry:
        if "_all" in self.__dict__:
            return self._all[path]
        parts = path.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise KeyError(path)
        try:
            for folder in ("/".join(parts[:depth]) for depth in range(1, len(parts))):
                if not stat.S_ISDIR((self._root / folder).lstat().st_mode) or self._skip(folder):
                    raise KeyError(path)
            return _entry((self._root / path).lstat(), self._root / path, path)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: no name that a file can have
            raise KeyError(path) from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise KeyError(path) from error
            raise Unreadable(f"cannot look at {self._root / path}: {error.strerror}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def values(self) -> ValuesView[Entry]:
        return self._all.values()

    @cached_property
    def _all(self) -> dict[str, Entry]:
        try:
            return {entry.path: entry for entry in sorted(self._walk(), key=lambda entry: entry.path)}
        except OSError as error:
            raise Unreadable(f"cannot list {self._root}: {error.strerror}") from error

    def _walk(self) -> Iterator[Entry]:
        folders = [""]
        while folders:
            prefix = folders.pop()
            with os.scandir(f"{self._root}/{prefix}") as found:
                for item in found:
                    entry = _entry(item.stat(follow_symlinks=False), item.path, prefix + item.name)
                    yield entry
                    if entry.kind is Kind.FOLDER and not self._skip(entry.path):
                        folders.append(entry.path + "/")


def _entry(status: os.stat_result, place: str | Path, path: str) -> Entry:
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, Kind.LINK, target=str(Path(place).readlink()))
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, Kind.FOLDER)
    if stat.S_ISREG(status.st_mode):
        return Entry(path, Kind.FILE, status.st_size, bool(status.st_mode & stat.S_IXUSR))
    return Entry(path, Kind.OTHER)
