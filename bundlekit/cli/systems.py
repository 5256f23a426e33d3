"""What cannot be done on some systems."""

from __future__ import annotations

import sys

from bundlekit.errors import CouldNotRun


def require_unix(what: str) -> None:
    """Say at the start of a verb that it is not for Windows.

    Args:
        what: the verb, as it is typed.

    Raises:
        CouldNotRun: this is Windows.
    """
    if sys.platform == "win32":
        raise CouldNotRun(
            f"`bundlekit {what}` needs Linux or macOS", hint="the Windows Subsystem for Linux (WSL) is a Linux"
        )
