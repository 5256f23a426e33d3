"""What the user's terminal may be sent besides text."""

from __future__ import annotations

import os
import sys


def has_colours() -> bool | None:
    """False where the user wants none (no-color.org) or the terminal knows none; None: a terminal has them."""
    return False if os.environ.get("NO_COLOR") or _is_dumb() else None


def can_redraw() -> bool:
    """Whether standard error is a terminal on which lines can be replaced."""
    return sys.stderr.isatty() and not _is_dumb()


def _is_dumb() -> bool:
    """As of a shell in Emacs, which shows escape sequences as they are."""
    return os.environ.get("TERM") == "dumb"
