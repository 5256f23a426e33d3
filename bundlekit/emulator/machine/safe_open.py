"""Files of the machine's own, as process number 1 opens them: whoever is root inside may have put anything there."""

from __future__ import annotations

import os
import stat

_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_safely(path: str, flags: int = os.O_RDONLY) -> int:
    """Open a file that is one: no link, and nothing that could let one wait.

    Raises:
        OSError: it is not.
    """
    descriptor = os.open(path, flags | _SAFELY, 0o644)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{path} is not a file")


def read_safely(path: str, most: int = 1 << 16) -> str:
    """The beginning of such a file; nothing where there is none."""
    try:
        with os.fdopen(open_safely(path), "rb") as stream:
            return stream.read(most).decode(errors="replace")
    except OSError:
        return ""
