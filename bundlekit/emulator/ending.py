"""Ends by a signal: cleanly at the first, at once at the second."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130  # 128 and SIGINT, as shells have it


@contextmanager
def ended_by_signals(ending: Callable[[], None], at_once: Callable[[], None]) -> Iterator[None]:
    """Have signals end the current task.

    Args:
        ending: is called at the first one, before the task is cancelled.
        at_once: is called at the second one; the process is gone after that.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task  # noqa: S101 - a context of a task
    told = False

    def handle() -> None:
        nonlocal told
        if told:
            try:
                at_once()
            finally:
                os._exit(_INTERRUPTED)
        told = True
        ending()
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
