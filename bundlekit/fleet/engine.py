"""Carries out a rollout: what the scheduler decides is noted in the record, then done, then its end is noted."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayUnreachable, NeedsHuman, Refused, RolledBack
from bundlekit.fleet.scheduler import Scheduler, State, Task, Work
from bundlekit.fleet.waves import Policy

if TYPE_CHECKING:
    from bundlekit.deploy.plan import Plan
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.record import Record
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.events import BundleState, GatewayState
    from bundlekit.remote.session import Session

_TICK = 0.5  # seconds between two looks at the clock, at what somebody else asks for, and for Ctrl-C
_CONNECT = 5.0  # seconds for a connection that only finds out whether a gateway is there
_ABORTED = "aborted"
_AGAIN = 1.0  # seconds until a gateway is asked again that is at work with its order
_LOOKS = 3  # more that show nothing of an order: it may just have arrived as its sender was killed


@dataclass(frozen=True)
class Result:
    """What came of a task.

    Attributes:
        state: the gateway has now; None where it is as it was before.
        release: that runs, or that did not come up.
        replaced: the release before.
        error: what failed.
        checked: whether it was found well after the soak.
        starts: how often the bundle was started there.
        seconds: that it took.
    """

    state: State | None
    release: str = ""
    replaced: str = ""
    error: BundlekitError | None = None
    checked: bool = False
    starts: int = 1
    seconds: float = 0.0


class Watcher(Protocol):
    """Somebody who is told how a rollout goes on. All calls but `phase` come from one thread."""

    def began(self, gateway: str, work: Work, wave: int) -> None:
        """Something is done with a gateway from now on."""
        ...

    def phase(self, gateway: str, word: str, text: str) -> None:
        """A phase of a deploy begins; called from many threads."""
        ...

    def ended(self, gateway: str, work: Work, result: Result) -> None:
        """It is done."""
        ...

    def tick(self, scheduler: Scheduler, note: str) -> None:
        """Some time has passed; `note` says what is waited for, if for something."""
        ...


@dataclass(frozen=True)
class Job:
    """What is rolled out, and how each deploy is made; see `verbs.deploy` for `how`."""

    archive: Archive
    resources: tuple[str, ...]
    how: Mapping[str, Any] = field(default_factory=dict)


class Engine:
    """Runs a rollout until it is done, or stopped."""

    def __init__(
        self,
        record: Record,
        gateways: Sequence[Gateway],
        job: Job,
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
            job: to be done with each.
            policy: in which order.
            watcher: is told how it goes on.
            session: logs in to a gateway.
            place: host and port of a gateway, to find out whether it is there; None where that takes a log-in.
            via: the jump hosts of those that have one.
        """
        self._record = record
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self._job = job
        self._policy = policy
        self._watcher = watcher
        self._session = session
        self._place = place
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
            self.scheduler.ended(task.gateway, task.work, result.state, now)
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
            fields |= {"checked": True} if result.checked else {}
            if state is State.UP:
                fields["starts"] = result.starts
            if result.error is not None:
                fields["error"] = error_fields(result.error)
            if result.seconds:
                fields["seconds"] = round(result.seconds, 3)
            yield "state", fields

    # In a thread of its own ------------------------------------------------------------------------------------------

    def _do(self, task: Task) -> None:
        began = time.monotonic()
        try:
            result = self._WORK[task.work](self, self._gateways[task.gateway])
        except BundlekitError as error:
            result = self._failed(task, error)
        except Exception as error:  # whatever it is, the others go on
            result = self._failed(task, BundlekitError(f"{type(error).__name__}: {error}", hint="please report this"))
        if task.work is not Work.FIND:
            result = Result(**{**result.__dict__, "seconds": time.monotonic() - began})
        self._ends.put((task, result))

    def _failed(self, task: Task, error: BundlekitError) -> Result:
        state = State.REFUSED
        if isinstance(error, NeedsHuman):
            state = State.NEEDS_HUMAN
        elif task.work is Work.DEPLOY:
            is_away = isinstance(error, GatewayUnreachable)
            # Not a refusal of the gateway's, but the end of what it said.
            is_cut = is_away or type(error) in (CouldNotRun, BundlekitError)
            if is_cut and self._record.known(task.gateway).ordered:
                state = State.HANDED_OVER
            elif is_away:
                state = State.OFFLINE
            elif isinstance(error, RolledBack):
                state = State.ROLLED_BACK
        elif task.work is Work.ASK and isinstance(error, RolledBack):
            state = State.ROLLED_BACK
        elif task.work is Work.REVERT and not isinstance(error, GatewayUnreachable):
            state = State.NEEDS_HUMAN
        elif task.work is not Work.ASK or not isinstance(error, Refused):
            state = State.OFFLINE  # it did not get as far as to look
        return Result(state, error=error)

    def _deploy(self, gateway: Gateway) -> Result:
        from bundlekit.deploy import verbs

        def before_order(plan: Plan, there: GatewayState) -> None:
            last = there.bundle(self._job.archive.name).last
            self._record.add(
                "order",
                gateway=gateway.name,
                release=plan.release,
                replaced=plan.replaces,
                who=verbs.this_person(),
                last=asdict(last) if last else {},
            )

        with self._session(gateway) as session:
            listener = _Phases(self._watcher, gateway.name)
            deployed = verbs.deploy(session, self._job.archive, listener, before_order=before_order, **self._job.how)
        outcome = deployed.outcome
        if outcome is None:
            return Result(State.UNCHANGED, release=deployed.plan.release)
        return Result(State.UP, release=outcome.release, replaced=outcome.replaced)

    def _find(self, gateway: Gateway) -> Result:
        import socket

        place = self._place(gateway)
        if place is None:
            return Result(State.PENDING)
        try:
            socket.create_connection(place, timeout=_CONNECT).close()
        except OSError:
            return Result(State.OFFLINE)
        return Result(State.PENDING)

    def _ask(self, gateway: Gateway) -> Result:
        from bundlekit.deploy.await_outcome import Change, ask_outcome
        from bundlekit.deploy.outcome import outcome_of
        from bundlekit.remote.events import BundleState, HistoryEntry

        order, name = self._record.known(gateway.name), self._job.archive.name
        last = HistoryEntry(**order.last) if order.last else None
        change = Change("deploy", order.release, order.who, BundleState(name, last=last))
        with self._session(gateway) as session:
            looks, events = 0, ask_outcome(session, change)
            while events is None or (not events and looks < _LOOKS):
                time.sleep(_AGAIN)
                looks = looks + 1 if events is not None else 0
                events = ask_outcome(session, change)
            if not events:
                current = session.probe(name).bundle(name)
                if current.current == order.release and _is_up(current):  # the history was lost, or it only was started
                    return Result(State.UP, release=order.release, replaced=order.replaced)
                return Result(State.PENDING)
        outcome = outcome_of(events, name, release=order.release)
        return Result(State.UP, release=outcome.release, replaced=outcome.replaced)

    def _check(self, gateway: Gateway) -> Result:
        """Whether the release still runs and answers, and was not started again since it came up."""
        from bundlekit.deploy.verbs import see

        name, known = self._job.archive.name, self._record.known(gateway.name)
        with self._session(gateway) as session:
            state = session.probe(name).bundle(name)
            seen = see(session, name, self._job.resources)
        starts = state.running.starts if state.running else 0
        problem = ""
        if state.current != known.release:
            problem = f"release {state.current or 'none'} is current there instead of {known.release}"
        elif seen.trouble:
            problem = seen.trouble
        elif starts > max(known.starts, 1):
            problem = f"it was started {starts} times"
        elif silent := [resource for resource in self._job.resources if seen.signs.get(resource) == ()]:
            problem = f"nobody answers for {', '.join(silent)}"
        if problem:
            raise NeedsHuman(
                f"release {known.release} of {name} started, but did not run well until the end of the soak: {problem}",
                kept="it was not rolled back",
                hint=f"`bundlekit logs TARGET --bundle {name}` shows what it printed",
            )
        return Result(State.UP, checked=True, starts=starts)

    def _revert(self, gateway: Gateway) -> Result:
        from bundlekit.deploy import verbs

        name, known = self._job.archive.name, self._record.known(gateway.name)
        with self._session(gateway) as session:
            state = session.probe(name).bundle(name)
            if state.current != known.release:
                return Result(State.REVERTED, release=state.current)
            if not known.replaced:  # nothing ran before, as after a first deploy that fails
                verbs.remove(session, name, _Phases(self._watcher, gateway.name), purge=False)
                return Result(State.REVERTED)
            outcome = verbs.rollback(session, state, None, _Phases(self._watcher, gateway.name))
        return Result(State.REVERTED, release=outcome.release)

    _WORK: ClassVar = {
        Work.DEPLOY: _deploy,
        Work.FIND: _find,
        Work.ASK: _ask,
        Work.CHECK: _check,
        Work.REVERT: _revert,
    }


class _Phases:
    """Hands the phases of one gateway on; its notes and answers would be too many lines."""

    def __init__(self, watcher: Watcher, gateway: str) -> None:
        self._watcher = watcher
        self._gateway = gateway

    def phase(self, word: str, text: str) -> None:
        self._watcher.phase(self._gateway, word, text)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def sent(self, size: int, total: int) -> None:
        pass


def error_fields(error: BundlekitError) -> dict[str, Any]:
    """An error for programs: `kind`, `what`, `kept`, `hint`, `details`."""
    return {
        "kind": type(error).__name__,
        "what": error.message,
        "kept": error.kept,
        "hint": error.hint,
        "details": list(error.details),
    }


def _is_up(state: BundleState) -> bool:
    return bool(state.running and state.running.registered)


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
