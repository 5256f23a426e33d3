"""What bundles print: the last lines of each, and whoever wants to hear the next ones."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 2000  # lines a bundle
_LONGEST = 20_000  # characters a line


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a bundle printed.

    Attributes:
        time: seconds since the epoch.
    """

    bundle: str
    time: float
    text: str


class BundleLog:
    """Keeps a bounded number of lines a bundle."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Line]] = {}
        self._listeners: list[Callable[[Line], None]] = []

    @property
    def bundles(self) -> list[str]:
        """The names of those who have printed something."""
        return list(self._lines)

    def add(self, bundle: str, text: str) -> None:
        """Take in a line without its end."""
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}… ({len(text)} characters)"
        line = Line(bundle, time.time(), text)
        self._lines.setdefault(bundle, deque(maxlen=_KEPT)).append(line)
        for listener in list(self._listeners):
            listener(line)

    def lines(self, bundle: str) -> list[Line]:
        """The last lines of a bundle, oldest first."""
        return list(self._lines.get(bundle, ()))

    def listen(self, listener: Callable[[Line], None]) -> Callable[[], None]:
        """Call `listener` with each line to come.

        Returns:
            What ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
