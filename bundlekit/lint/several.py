"""Checks many bundles, on all processors that there are."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import CouldNotRun

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from bundlekit.lint.finding import Finding
    from bundlekit.lint.selection import Selection

FEW = 24
"""Up to so many bundles are checked sooner than other processes would have started."""

_AT_ONCE = 8

Key = TypeVar("Key")
Job = tuple[Key, Bundle, "Selection"]
Found = tuple["Finding", ...]


def check_each(jobs: Iterable[Job[Key]], processes: int | None = None) -> Iterator[tuple[Key, Found]]:
    """Check bundles, in their order.

    Args:
        jobs: what names the bundle to the caller, the bundle, and which rules are asked. With many, some more are
            taken than were answered, never all.
        processes: how many of them check where there are many bundles; by default as many as there are processors.

    Returns:
        For each what names it, and what was found.

    Raises:
        CouldNotRun: a process was ended from outside.
    """
    jobs = iter(jobs)
    yield from _check_here(islice(jobs, FEW))
    following = next(jobs, None)
    if following is None:
        return
    jobs = chain([following], jobs)
    processes = _processors() if processes is None else processes
    if processes < 2 or threading.active_count() > 1:  # threads do not survive in copies of a process
        yield from _check_here(jobs)
        return
    with _workers(processes) as workers:
        yield from _check_there(jobs, workers)


def _check_here(jobs: Iterable[Job[Key]]) -> Iterator[tuple[Key, Found]]:
    from bundlekit.lint.engine import check

    for key, bundle, chosen in jobs:
        yield key, check(bundle, chosen)


def _check_there(jobs: Iterator[Job[Key]], workers: list[Connection]) -> Iterator[tuple[Key, Found]]:
    """Each worker has one batch at a time, so that neither side ever waits for the other to read."""
    from bundlekit.lint.engine import check

    idle = deque(workers)
    busy: deque[tuple[Connection, list[Job[Key]]]] = deque()
    answers: list[tuple[Key, Found]] = []
    while True:
        while idle and (batch := list(islice(jobs, _AT_ONCE))):
            worker = idle.popleft()
            _send(worker, [(bundle, chosen) if _can_travel(bundle) else None for _, bundle, chosen in batch])
            busy.append((worker, batch))
        yield from answers
        if not busy:
            return
        worker, batch = busy.popleft()
        found = _received(worker)
        answers = [
            (key, check(bundle, chosen) if one is None else one)
            for (key, bundle, chosen), one in zip(batch, found, strict=True)
        ]
        idle.append(worker)


def _can_travel(bundle: Bundle) -> bool:
    """Whether a bundle is no more than the name of a folder; others are open files."""
    return isinstance(bundle.files, FolderFiles)


@contextmanager
def _workers(number: int) -> Iterator[list[Connection]]:
    from multiprocessing import get_context

    # A copy of this process has all modules that it needs; elsewhere copies break what the system's libraries do.
    context = get_context("fork") if sys.platform == "linux" else get_context("spawn")
    processes: list[BaseProcess] = []
    connections: list[Connection] = []
    # Ctrl-C is for whoever asks; the others are born deaf to it, and end when nobody asks any more.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(number):
            ours, theirs = context.Pipe()
            connections.append(ours)
            process = context.Process(target=_work, args=(theirs, list(connections)), daemon=True)
            process.start()
            processes.append(process)
            theirs.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield connections
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one in processes:
            one.terminate()
        for one in processes:
            one.join()
        for connection in connections:
            connection.close()


def _work(connection: Connection, not_ours: list[Connection]) -> None:
    """Check what comes in until nobody is there any more."""
    from bundlekit.lint.engine import check

    for one in not_ours:
        one.close()
    try:
        while True:
            batch = connection.recv()
            connection.send([check(*job) if job is not None else None for job in batch])
    except (EOFError, OSError):
        return


def _send(worker: Connection, batch: list[tuple[Bundle, Selection] | None]) -> None:
    try:
        worker.send(batch)
    except OSError:
        raise _ended() from None


def _received(worker: Connection) -> list[Found | None]:
    try:
        found: list[Found | None] = worker.recv()
    except (EOFError, OSError):
        raise _ended() from None
    return found


def _ended() -> CouldNotRun:
    hint = "there may be too little memory; name fewer bundles at once"
    return CouldNotRun("a process that checks bundles was ended from outside", hint=hint)


def _processors() -> int:
    """How many this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
