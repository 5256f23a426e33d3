"""Carries out a rollout: what the scheduler decides is noted in the record, then done, then its end is noted."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bundlekit.fleet.job import Job
from bundlekit.fleet.scheduler import Scheduler
from bundlekit.fleet.states import State, Task, Work
from bundlekit.fleet.watcher import Result, Watcher
from bundlekit.fleet.waves import Policy
from bundlekit.fleet.work import Worker

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.record import Record
    from bundlekit.remote.session import Session

_TICK = 0.5  # seconds between two looks at the clock, at what somebody else asks for, and for Ctrl-C
_ABORTED = "aborted"


class Engine:
    """Runs a rollout until it is done, or stopped."""

    def __init__(
        self,
        record: Record,
        gateways: Sequence[Gateway],
        jobs: Sequence[Job],
        policy: Policy,
        watcher: Watcher,
        *,
        session: Callable[[Gateway], AbstractContextManager[Session]],
        place: Callable[[Gateway], tuple[str, int] | None],
        via: Mapping[str, str] | None = None,
    ) -> None:
        """Read where the rollout is.

        Args:
            record: that tells how far the rollout is, and to write to.
            gateways: all of the rollout.
            jobs: to be done with each, in order: one for each bundle.
            policy: in which order.
            watcher: is told how it goes on.
            session: logs in to a gateway.
            place: host and port of a gateway, to find out whether it is there; None where that takes a log-in.
            via: the jump hosts of those that have one.
        """
        self._record = record
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self._policy = policy
        self._watcher = watcher
        self._worker = Worker(record, jobs, watcher, session=session, place=place)
        self._is_interrupted = False
        self._ends: queue.SimpleQueue[tuple[Task, Result]] = queue.SimpleQueue()
        now, story = time.time(), record.story
        memories = {known.name: known.memory(now) for known in story.gateways}
        self.scheduler = Scheduler(
            [known.name for known in story.gateways],
            policy,
            now=time.monotonic(),
            via=via,
            known=memories,
            age=max(0.0, now - story.began),
        )

    def run(self) -> str:
        """Go on until the rollout is done or has stopped.

        The first Ctrl-C stops it: nothing new is begun, what was begun ends. The second one leaves at once; gateways
        that have their order finish by themselves.

        Returns:
            `done`, `paused` or `aborted`.

        Raises:
            CouldNotRun: the record cannot be written.
            KeyboardInterrupt: the second Ctrl-C.
        """
        from bundlekit.deploy.verbs import this_person

        self._record.add("status", status="running", by=this_person())
        with self._first_interrupt_stops():
            while not self._step():
                pass
        halted = self.scheduler.halted
        is_over = halted == _ABORTED or self.scheduler.is_taken_back
        status = "done" if not halted else "aborted" if is_over else "paused"
        self._record.add("status", status=status, reason=halted)
        return status

    @contextmanager
    def _first_interrupt_stops(self) -> Iterator[None]:
        """Have the first Ctrl-C noted only: raised in between, it would lose the end of a task."""
        before = signal.getsignal(signal.SIGINT)

        def note(_number: int, _frame: object) -> None:
            self._is_interrupted = True
            signal.signal(signal.SIGINT, before)

        if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _step(self) -> bool:
        """Begin what there is to begin, and wait for something to end; whether all is done."""
        now = time.monotonic()
        if self._is_interrupted:
            self.scheduler.halt("interrupted")
        is_open = self._policy.window is None or self._policy.window.is_open(datetime.now().astimezone().time())
        tasks = self.scheduler.decide(now, is_open=is_open)
        begun = [task for task in tasks if task.work in (Work.DEPLOY, Work.REVERT)]
        # Before anything is done: whoever goes on with the record must not take one that was begun for untouched.
        self._record.add_all(
            [
                ("begin" if task.work is Work.DEPLOY else "revert", {"gateway": task.gateway, "wave": task.wave})
                for task in begun
            ]
        )
        for task in tasks:
            if task.work is not Work.FIND:
                self._watcher.began(task.gateway, task.work, task.wave)
            threading.Thread(target=self._do, args=(task,), name=f"rollout {task.gateway}", daemon=True).start()
        if self.scheduler.finished(now):
            return True
        if not tasks and (asked := self._record.request()):
            self.scheduler.halt(_ABORTED if asked == "abort" else "paused")
        self._watcher.tick(self.scheduler, "" if is_open else f"the window {self._policy.window}")
        self._take_ends(self._pause(now))
        return False

    def _do(self, task: Task) -> None:
        """In a thread of its own."""
        self._ends.put((task, self._worker.do(task, self._gateways[task.gateway])))

    def _pause(self, now: float) -> float:
        wakes = self.scheduler.next_time(now)
        return _TICK if wakes is None else min(max(wakes - now, 0.0), _TICK)

    def _take_ends(self, seconds: float) -> None:
        ends = []
        try:
            ends.append(self._ends.get(timeout=max(seconds, 0.001)))
            while True:
                ends.append(self._ends.get_nowait())
        except queue.Empty:
            pass
        self._record.add_all(list(self._lines(ends)))
        now = time.monotonic()
        for task, result in ends:
            partial = self._record.known(task.gateway).is_partial
            self.scheduler.ended(task.gateway, task.work, result.state, now, partial=partial)
            if task.work is not Work.FIND:
                self._watcher.ended(task.gateway, task.work, result)

    def _lines(self, ends: Sequence[tuple[Task, Result]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What the record has to say of them. That one is still away, or still at work, is nothing new."""
        for task, result in ends:
            state = result.state
            if state is None or task.work is Work.FIND:
                continue
            if state is State.OFFLINE and task.work is not Work.DEPLOY:
                continue
            fields: dict[str, Any] = {"gateway": task.gateway, "state": state.value}
            fields |= {"release": result.release} if result.release else {}
            fields |= {"replaced": result.replaced} if result.replaced else {}
            fields |= {"bundle": result.bundle} if result.bundle else {}
            fields |= {"checked": True} if result.checked else {}
            if state is State.UP:
                fields["starts"] = result.starts
            if result.error is not None:
                fields["error"] = result.error.fields()
            if result.seconds:
                fields["seconds"] = round(result.seconds, 3)
            yield "state", fields
