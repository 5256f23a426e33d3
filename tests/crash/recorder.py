"""`python -m tests.crash.recorder FOLDER IMAGE LOG`: a disk that notes each write and each flush that reaches it.

FOLDER becomes a small FUSE file system with two files. `disk` holds what IMAGE holds; a loop device on it is the
gateway's disk, and a flush of that device arrives here as an fsync. What is written to `mark` is noted too, in its
order among the others: so what was said to somebody stands in line with what was on the disk by then.

LOG has a record after the other, see `Record`. One thread answers, so the order is that in which the disk saw them.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = struct.Struct("<cQI")
WRITE, FLUSH, MARK = b"W", b"F", b"M"


@dataclass(frozen=True)
class Record:
    """What reached the disk.

    Attributes:
        kind: `WRITE`, `FLUSH` or `MARK`.
        offset: where it was written, in bytes.
        data: what was written, or what the mark says.
    """

    kind: bytes
    offset: int
    data: bytes


def read(log: Path) -> Iterator[Record]:
    """All that a log has so far."""
    with log.open("rb") as stream:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            kind, offset, length = _HEAD.unpack(head)
            yield Record(kind, offset, stream.read(length))


def main() -> None:
    """Serve until the folder is unmounted."""
    from mfusepy import FUSE, FuseOSError, Operations

    folder, image, log = sys.argv[1:]
    disk = os.open(image, os.O_RDWR)
    notes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    size = os.fstat(disk).st_size

    def note(kind: bytes, offset: int = 0, data: bytes = b"") -> None:
        os.writev(notes, [_HEAD.pack(kind, offset, len(data)), data])

    def end_with_parent() -> None:
        sys.stdin.read()
        os._exit(0)

    class Disk(Operations):  # type: ignore[misc]
        use_ns = True

        def init(self, path: str) -> None:
            print(os.getpid(), flush=True)  # noqa: T201 - its parent waits for it
            threading.Thread(target=end_with_parent, daemon=True).start()

        def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
            if path == "/":
                return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
            if path in ("/disk", "/mark"):
                return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size if path == "/disk" else 0}
            raise FuseOSError(errno.ENOENT)

        def readdir(self, path: str, fh: int) -> list[str]:
            return [".", "..", "disk", "mark"]

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            return 0

        def read(self, path: str, count: int, offset: int, fh: int) -> bytes:
            return os.pread(disk, count, offset)

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            if path == "/mark":
                note(MARK, 0, data)
            else:
                note(WRITE, offset, data)
                os.pwrite(disk, data, offset)
            return len(data)

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            note(FLUSH)
            return 0

    FUSE(Disk(), folder, foreground=True, nothreads=True, fsname="bundlekit-crash", nonempty=False)


if __name__ == "__main__":
    main()
