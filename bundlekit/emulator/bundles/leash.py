"""Sees to it that no process outlives us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 5.0  # seconds


class Leash:
    """Process groups that end with us: at the end of this context, and when we are killed.

    A pipe to a small process of its own does it, which sees its end whatever happens to us.
    """

    def __init__(self) -> None:
        program = Path(__file__).with_name("watchdog.py")
        # Nothing that is typed at our terminal is for it.
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def hold(self, group: int) -> None:
        """From now on the group ends with us."""
        self._say(f"{group}\n")

    def release(self, group: int) -> None:
        """The group has ended; its number may become another's."""
        self._say(f"-{group}\n")

    def close(self) -> None:
        """Kill what is still held."""
        if self._watchdog.stdin and not self._watchdog.stdin.closed:
            self._watchdog.stdin.close()
        self._watchdog.wait(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _say(self, line: str) -> None:
        assert self._watchdog.stdin  # noqa: S101 - it was asked for
        try:
            self._watchdog.stdin.write(line.encode())
            self._watchdog.stdin.flush()
        except BrokenPipeError:
            pass  # somebody has killed it
