"""What goes wrong in process number 1 of a machine, which ends for nothing of that."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

_LONGEST_LOG = 1 << 20  # bytes


def attempt(work: Callable[[], Any]) -> None:
    """Nothing that fails may end the machine."""
    try:
        work()
    except Exception:
        log_error()


def log_error() -> None:
    """Into the log, which is a file of the host's, and so does not grow for ever."""
    if os.fstat(2).st_size < _LONGEST_LOG:
        traceback.print_exc()
