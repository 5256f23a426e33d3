"""Opening files with care, and writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Flags of os.open; 0 where a system has no such flag, as Windows has none of them.
CLOEXEC: int = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
DIRECTORY: int = getattr(os, "O_DIRECTORY", 0)
NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)


def user_id() -> int:
    """The number of this process's user; 0 on Windows, which has none, and says 0 of each file's owner."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


@contextlib.contextmanager
def replacing(
    place: Path, *, mode: int = 0o666, like: os.stat_result | None = None, durable: bool = True
) -> Iterator[BinaryIO]:
    """A stream for the new content of a file. It takes the file's place when the block ends well; else nothing changes.

    The content is written beside the file first, so a reader never sees a part of it. A link is replaced itself, not
    what it leads to.

    Args:
        place: the file, which need not be there yet; its folder has to be.
        mode: permissions of the new file, less what the umask takes away.
        like: status of a file whose permissions the new one gets exactly, and its owner where that is allowed.
        durable: whether the content has to be on the disk before it takes the file's place. Only then is it whole
            after a power cut too.

    Raises:
        OSError: it cannot be written.
    """
    draft = place.with_name(f".bundlekit-{os.urandom(8).hex()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW | CLOEXEC
        with os.fdopen(os.open(draft, flags, mode), "wb") as stream:
            if like is not None and hasattr(os, "fchown"):
                os.fchmod(stream.fileno(), stat.S_IMODE(like.st_mode))
                with contextlib.suppress(OSError):
                    os.fchown(stream.fileno(), like.st_uid, like.st_gid)
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        draft.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
