"""The files of a bundle, whether they lie in a folder or in an archive."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from bundlekit.errors import Unreadable


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
        self._skip = skip
        self._entries: dict[str, Entry] | None = None

    @property
    def entries(self) -> Mapping[str, Entry]:
        if self._entries is None:
            try:
                self._entries = {entry.path: entry for entry in sorted(self._walk(self.root, ""), key=_path)}
            except OSError as error:
                raise Unreadable(f"cannot list {self.root}: {error.strerror}") from error
        return self._entries

    def read(self, path: str, limit: int | None = None) -> bytes:
        try:
            # O_NONBLOCK: a FIFO that nobody writes to must not make us wait for ever.
            descriptor = os.open(self.root / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as stream:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Unreadable(f"{self.root / path} is not a regular file")
                return stream.read(-1 if limit is None else limit)
        except OSError as error:
            raise Unreadable(f"cannot read {self.root / path}: {error.strerror}") from error

    def _walk(self, folder: Path, prefix: str) -> Iterator[Entry]:
        with os.scandir(folder) as found:
            for item in found:
                path = prefix + item.name
                if item.is_symlink():
                    yield Entry(path, Kind.LINK, target=str(Path(item.path).readlink()))
                elif item.is_dir():
                    yield Entry(path, Kind.FOLDER)
                    if not self._skip(path):
                        yield from self._walk(Path(item.path), path + "/")
                elif item.is_file():
                    status = item.stat()
                    yield Entry(path, Kind.FILE, status.st_size, bool(status.st_mode & stat.S_IXUSR))
                else:
                    yield Entry(path, Kind.OTHER)


def _path(entry: Entry) -> str:
    return entry.path
