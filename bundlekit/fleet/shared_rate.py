"""A rate that several uploads share."""

from __future__ import annotations

import threading
import time


class SharedRate:
    """Bytes a second for several uploads together; each hands in what it has sent, and waits for its turn."""

    def __init__(self, rate: int, each: int | None = None) -> None:
        """`rate` is for all of them, `each` for one."""
        self._rate = rate
        self._each = each
        self._lock = threading.Lock()
        self._free_at = 0.0

    def __call__(self, size: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._free_at = max(self._free_at, now) + size / self._rate
            until = self._free_at
        if self._each:
            until = max(until, now + size / self._each)
        time.sleep(max(0.0, until - now))
