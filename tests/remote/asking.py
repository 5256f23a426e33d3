"""A client that asks a bundle on a gateway all the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.box import Machine


@dataclass
class Asked:
    """What came of the questions so far: when each was sent, and the status; 0 where no answer came at all."""

    answers: list[tuple[float, int]] = field(default_factory=list)

    @property
    def statuses(self) -> set[int]:
        return {status for _, status in self.answers}


@contextmanager
def asking(machine: Machine, resource: str, *, pause: float = 0.1) -> Iterator[Asked]:
    """Ask for a resource again and again, as long as the context lasts; each in a thread of its own."""
    asked = Asked()
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def ask(begin: float) -> None:
        try:
            status = machine.api("GET", resource)[0]
        except OSError:
            status = 0
        asked.answers.append((begin, status))

    def go_on() -> None:
        while not ended.wait(pause):
            threads.append(threading.Thread(target=ask, args=(time.monotonic(),)))
            threads[-1].start()

    asker = threading.Thread(target=go_on)
    asker.start()
    try:
        yield asked
    finally:
        ended.set()
        asker.join()
        for thread in threads:
            thread.join()
