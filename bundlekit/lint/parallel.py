"""Checks many bundles, on all processors that there are."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic, TypeVar

from bundlekit.bundle.bundle import LARGEST_MANIFEST, MANIFEST, Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import CouldNotRun, Unreadable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from bundlekit.lint.cache import Cache
    from bundlekit.lint.facts.neighbours import Neighbours
    from bundlekit.lint.finding import Finding
    from bundlekit.lint.selection import Selection

FEW = 24
"""Up to so many bundles are checked sooner than other processes would have started."""

_AT_ONCE = 8  # bundles that a process gets: fewer cost time between processes, more leave one the last
_NO_HOOKS = re.compile(rb'"hook"\s*:\s*\[\s*\]')

Key = TypeVar("Key")
Job = tuple[Key, Bundle, "Selection"]
Found = tuple["Finding", ...]


def check_each(
    jobs: Iterable[Job[Key]], processes: int | None = None, cache: Cache | None = None
) -> Iterator[tuple[Key, Found]]:
    """Check bundles, in their order.

    Args:
        jobs: what names the bundle to the caller, the bundle, and which rules are asked. With many, some more are
            taken than were answered, never all.
        processes: how many of them check where there are many bundles; by default as many as there are processors.
        cache: of what was found in bundles before; by default there is none.

    Returns:
        For each what names it, and what was found.

    Raises:
        CouldNotRun: a process was ended from outside.
    """
    tasks = _tasks(jobs, cache)
    checked = 0
    for task in tasks:
        if task.found is None:
            checked += 1
            if checked > FEW:
                break
        yield task.key, task.answer(cache)
    else:
        return
    tasks = chain([task], tasks)
    processes = _processors() if processes is None else processes
    if processes < 2 or threading.active_count() > 1:  # threads do not survive in copies of a process
        for task in tasks:
            yield task.key, task.answer(cache)
        return
    with _workers(processes, cache) as workers:
        yield from _check_there(tasks, workers, cache)


class Together:
    """Looks for what bundles of one run have against each other, which is in no cache: it is about them all."""

    def __init__(self, everyone: Callable[[], Iterable[Bundle]] = tuple) -> None:
        """`everyone`: all bundles of the run; asked once, and only if one of them hooks another."""
        self._everyone = everyone
        self._first: Bundle | None = None  # not looked into while it is the only one, and hooks nobody
        self._met: Neighbours | None = None

    def check(self, bundle: Bundle, chosen: Selection) -> Found:
        """What there is against a bundle from those that were given here before, and from the names of all."""
        if self._first is None:
            self._first = bundle
            if not _may_hook(bundle):
                return ()
        from bundlekit.lint.facts.neighbours import Neighbours, neighbour

        if self._met is None:
            self._met = Neighbours()
            if bundle is not self._first:
                self._met.add(neighbour(self._first))
        one = neighbour(bundle)
        if one.hooks and not self._met.names:
            names = (neighbour(other).name for other in self._everyone())
            self._met.names = frozenset(name for name in names if name is not None)
        found: Found = ()
        if self._met.concern(one):
            from bundlekit.lint.engine import check_among

            found = check_among(one, self._met, chosen)
        self._met.add(one)
        return found


def _may_hook(bundle: Bundle) -> bool:
    """Whether a bundle may have something in `hook`, told without the modules that read bundle.json."""
    try:
        content = bundle.files.read(MANIFEST, LARGEST_MANIFEST)
    except Unreadable:
        return False
    return b'"hook"' in content and _NO_HOOKS.search(content) is None


@dataclass(frozen=True, slots=True)
class _Task(Generic[Key]):
    """A bundle, and what is found in it if that is known from before."""

    key: Key
    bundle: Bundle
    chosen: Selection
    found: Found | None

    @property
    def parcel(self) -> tuple[Bundle, Selection] | None:
        """What another process has to know, if the task can be done by one: other bundles are open files."""
        can_travel = isinstance(self.bundle.files, FolderFiles)
        return (self.bundle, self.chosen) if self.found is None and can_travel else None

    def answer(self, cache: Cache | None) -> Found:
        return self.found if self.found is not None else _check(self.bundle, self.chosen, cache)


def _tasks(jobs: Iterable[Job[Key]], cache: Cache | None) -> Iterator[_Task[Key]]:
    for key, bundle, chosen in jobs:
        yield _Task(key, bundle, chosen, cache.find(bundle, chosen) if cache is not None else None)


def _check(bundle: Bundle, chosen: Selection, cache: Cache | None) -> Found:
    if cache is not None:
        return cache.check(bundle, chosen)
    from bundlekit.lint.engine import check

    return check(bundle, chosen)


def _check_there(
    tasks: Iterator[_Task[Key]], workers: list[Connection], cache: Cache | None
) -> Iterator[tuple[Key, Found]]:
    """Each worker has one batch at a time, so that neither side ever waits for the other to read."""
    idle = deque(workers)
    busy: deque[tuple[Connection, list[_Task[Key]]]] = deque()
    answers: list[tuple[Key, Found]] = []
    while True:
        while idle and (batch := list(islice(tasks, _AT_ONCE))):
            worker = idle.popleft()
            _send(worker, [task.parcel for task in batch])
            busy.append((worker, batch))
        yield from answers
        if not busy:
            return
        worker, batch = busy.popleft()
        found = _received(worker)
        answers = [
            (task.key, task.answer(cache) if one is None else one) for task, one in zip(batch, found, strict=True)
        ]
        idle.append(worker)


@contextmanager
def _workers(number: int, cache: Cache | None) -> Iterator[list[Connection]]:
    from multiprocessing import get_context

    # A copy of this process has all modules that it needs; elsewhere copies break what the system's libraries do.
    context = get_context("fork") if sys.platform == "linux" else get_context("spawn")
    processes: list[BaseProcess] = []
    connections: list[Connection] = []
    # Ctrl-C is for whoever asks; the others are born deaf to it, and end when nobody asks any more.
    hearing = _deaf_to_interrupts()
    try:
        for _ in range(number):
            ours, theirs = context.Pipe()
            connections.append(ours)
            process = context.Process(target=_work, args=(theirs, list(connections), cache), daemon=True)
            with _safe_path():
                process.start()
            processes.append(process)
            theirs.close()
        hearing()
        yield connections
    finally:
        hearing()
        for one in processes:
            one.terminate()
        for one in processes:
            one.join()
        for connection in connections:
            connection.close()


def _deaf_to_interrupts() -> Callable[[], object]:
    """Have Ctrl-C wait, for this thread and the processes that it starts; returns what ends that. Not on Windows."""
    if not hasattr(signal, "pthread_sigmask"):
        return lambda: None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Let a Python that is spawned, which is given no flag for it, take no module from the folder where we are."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _work(connection: Connection, not_ours: list[Connection], cache: Cache | None) -> None:
    """Check what comes in until nobody is there any more."""
    for one in not_ours:
        one.close()
    try:
        while True:
            batch = connection.recv()
            connection.send([_check(job[0], job[1], cache) if job is not None else None for job in batch])
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
