"""What a rollout does with one gateway: a function from a task to what came of it. Threads call it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from bundlekit.errors import (
    BundlekitError,
    CouldNotRun,
    GatewayUnfit,
    GatewayUnreachable,
    HostKeyRejected,
    LoginRefused,
    NeedsHuman,
    Refused,
    RolledBack,
    trace_of,
)
from bundlekit.fleet.states import FAILED, GOOD, State, Task, Work
from bundlekit.fleet.story import Part
from bundlekit.remote.listener import SilentListener

if TYPE_CHECKING:
    from bundlekit.bundle.manifest import Manifest
    from bundlekit.deploy.observation import Seen
    from bundlekit.deploy.plan import Plan
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.record import Record
    from bundlekit.fleet.scheduler import Scheduler
    from bundlekit.gateway.contract import ContractCheck
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.events import BundleState, GatewayState
    from bundlekit.remote.session import Session

_CONNECT = 5.0  # seconds for a connection that only finds out whether a gateway is there
_AGAIN = 1.0  # seconds until a gateway is asked again that is at work with its order
_LOOKS = 3  # more that show nothing of an order: it may just have arrived as its sender was killed
_PATIENCE = 70.0  # seconds for a request over the REST API; the gateway itself gives up after 60


@dataclass(frozen=True)
class Result:
    """What came of a task.

    Attributes:
        state: the gateway has now; None where it is as it was before.
        release: that runs, or that did not come up.
        replaced: the release before.
        bundle: of several, the one that failed.
        error: what failed.
        checked: whether it was found well after the soak.
        starts: how often the bundle was started there.
        seconds: that it took.
    """

    state: State | None
    release: str = ""
    replaced: str = ""
    bundle: str = ""
    error: BundlekitError | None = None
    checked: bool = False
    starts: int = 1
    seconds: float = 0.0


class Watcher(Protocol):
    """Somebody who is told how a rollout goes on. All calls but `phase` come from one thread."""

    def began(self, gateway: str, work: Work, wave: int) -> None:
        """Something is done with a gateway from now on.

        Args:
            gateway: its name.
            work: what is done.
            wave: its number, from 1; 0 outside of waves.
        """
        ...

    def phase(self, gateway: str, bundle: str, word: str, text: str) -> None:
        """A phase of a deploy begins; called from many threads.

        Args:
            gateway: its name.
            bundle: its name.
            word: of the phase.
            text: more about it; may be empty.
        """
        ...

    def ended(self, gateway: str, work: Work, result: Result) -> None:
        """It is done.

        Args:
            gateway: its name.
            work: what was done.
            result: how it ended.
        """
        ...

    def tick(self, scheduler: Scheduler, note: str) -> None:
        """Some time has passed; `note` says what is waited for, if for something."""
        ...


@dataclass(frozen=True)
class Job:
    """A bundle that is rolled out.

    Attributes:
        archive: of the bundle.
        manifest: of the bundle.
        checks: of its contract, at the end of the soak; none where its answers do not count.
        how: each deploy is made; see `verbs.deploy`.
    """

    archive: Archive
    manifest: Manifest
    checks: tuple[ContractCheck, ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the bundle."""
        return self.archive.name


class Worker:
    """Does what there is to do with gateways."""

    def __init__(
        self,
        record: Record,
        jobs: Sequence[Job],
        watcher: Watcher,
        *,
        session: Callable[[Gateway], AbstractContextManager[Session]],
        place: Callable[[Gateway], tuple[str, int] | None],
    ) -> None:
        """Take what all of them have in common.

        Args:
            record: of the rollout.
            jobs: to be done with each, in order.
            watcher: is told of the phases.
            session: logs in to a gateway.
            place: host and port of a gateway, to find out whether it is there; None where that takes a log-in.
        """
        self._record = record
        self._jobs = {job.name: job for job in jobs}
        self._at: dict[str, str] = {}  # the bundle that each gateway is asked about now
        self._watcher = watcher
        self._session = session
        self._place = place

    def do(self, task: Task, gateway: Gateway) -> Result:
        """Do it; whatever goes wrong is a result too."""
        began = time.monotonic()
        work = {
            Work.DEPLOY: self._deploy,
            Work.FIND: self._find,
            Work.ASK: self._ask,
            Work.CHECK: self._check,
            Work.REVERT: self._revert,
        }[task.work]
        self._at.pop(gateway.name, None)
        try:
            result = work(gateway)
            if task.work is Work.ASK and self._are_several and result.state in GOOD and self._left(gateway):
                task = replace(task, work=Work.DEPLOY)
                result = self._deploy(gateway)
        except BundlekitError as error:
            result = self._failed(task, error)
        except Exception as error:  # whatever it is, the others go on
            result = self._failed(task, _own_fault(error))
        return replace(result, seconds=time.monotonic() - began)

    @property
    def _are_several(self) -> bool:
        return len(self._jobs) > 1

    def _left(self, gateway: Gateway) -> list[Job]:
        """The bundles that are not up there."""
        parts = self._record.known(gateway.name).parts
        return [job for name, job in self._jobs.items() if name not in parts or parts[name].state not in GOOD]

    def _end_part(self, gateway: Gateway, bundle: str, part: Part) -> None:
        """Note how it went with one of several bundles, before the next one is begun."""
        if self._are_several:
            fields = {"state": part.state.value, "release": part.release, "replaced": part.replaced}
            self._record.add("part", gateway=gateway.name, bundle=bundle, starts=part.starts, **fields)

    def _whole(self, gateway: Gateway, part: Part) -> Result:
        """All bundles are up, the last of them as `part` says."""
        if not self._are_several:
            return Result(part.state, release=part.release, replaced=part.replaced)
        states = {one.state for one in self._record.known(gateway.name).parts.values()}
        return Result(State.UP if State.UP in states else State.UNCHANGED)

    def _failed(self, task: Task, error: BundlekitError) -> Result:
        state = State.REFUSED
        # Such as a gateway that was offline as all host keys were shown.
        if isinstance(error, (HostKeyRejected, LoginRefused)) and error.hint:
            of_key = ": it asks whether to trust the key, or takes this option" * ("--accept-new" in error.hint)
            error.hint += f"; then `bundlekit rollout retry` tries it again{of_key}"
        if isinstance(error, NeedsHuman):
            state = State.NEEDS_HUMAN
        elif type(error) is BundlekitError and task.work in (Work.ASK, Work.CHECK):
            state = State.NEEDS_HUMAN  # a fault of ours: the same would come of another try
        elif task.work is Work.DEPLOY:
            state = state_of_failure(error, ordered=self._record.known(task.gateway).ordered)
        elif task.work is Work.ASK and isinstance(error, RolledBack):
            state = State.ROLLED_BACK
        elif task.work is Work.REVERT and not isinstance(error, GatewayUnreachable):
            state = State.NEEDS_HUMAN
        elif task.work is not Work.ASK or not isinstance(error, Refused):
            state = State.OFFLINE  # it did not get as far as to look
        bundle = self._at.get(task.gateway, "") if self._are_several else ""
        if bundle and not re.search(rf"\b{re.escape(bundle)}\b", error.message):
            error.message = f"{bundle}: {error.message}"
        return Result(state, error=error, bundle=bundle)

    def _deploy(self, gateway: Gateway) -> Result:
        left = self._left(gateway)
        part = Part(State.UNCHANGED)
        if left:  # else the controller was killed before it could note that this was all
            with self._session(gateway) as session:
                for job in left:
                    self._at[gateway.name] = job.name
                    part = self._deploy_one(gateway, session, job)
                    self._end_part(gateway, job.name, part)
        return self._whole(gateway, part)

    def _deploy_one(self, gateway: Gateway, session: Session, job: Job) -> Part:
        from bundlekit.deploy import verbs

        def before_order(plan: Plan, there: GatewayState) -> None:
            last = there.bundle(job.name).last
            self._record.add(
                "order",
                gateway=gateway.name,
                **({"bundle": job.name} if self._are_several else {}),
                release=plan.release,
                replaced=plan.replaces,
                who=verbs.this_person(),
                last=asdict(last) if last else {},
            )

        listener = _Phases(self._watcher, gateway.name, job.name)
        deployed = verbs.deploy(session, job.archive, listener, before_order=before_order, **job.how)
        outcome = deployed.outcome
        if outcome is None:
            return Part(State.UNCHANGED, deployed.plan.release)
        return Part(State.UP, outcome.release, outcome.replaced)

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

        order = self._record.known(gateway.name)
        name = self._at[gateway.name] = order.bundle
        if self._are_several and not order.ordered:  # the bundles so far are up, and the link broke before the next one
            return self._whole(gateway, Part(State.UP))
        last = HistoryEntry(**order.last) if order.last else None
        change = Change("deploy", order.release, order.who, BundleState(name, last=last))
        release, replaced = order.release, order.replaced
        with self._session(gateway) as session:
            looks, events = 0, ask_outcome(session, change)
            while events is None or (not events and looks < _LOOKS):
                time.sleep(_AGAIN)
                looks = looks + 1 if events is not None else 0
                events = ask_outcome(session, change)
            if events:
                outcome = outcome_of(events, name, release=order.release)
                release, replaced = outcome.release, outcome.replaced
            else:
                current = session.probe(name).bundle(name)
                if current.current != order.release or not _is_up(current):
                    return Result(State.PENDING)
                # The history was lost, or it only was started.
        part = Part(State.UP, release, replaced)
        self._end_part(gateway, name, part)
        return self._whole(gateway, part)

    def _parts(self, gateway: Gateway) -> dict[str, Part]:
        """The bundles that this rollout has changed there, in the order in which they were deployed."""
        parts = self._record.known(gateway.name).parts
        return {name: parts[name] for name in self._jobs if name in parts and parts[name].state is State.UP}

    def _check(self, gateway: Gateway) -> Result:
        """Whether the releases still run and answer, and were not started again since they came up."""
        starts = 1
        with self._session(gateway) as session:
            for name, part in self._parts(gateway).items():
                self._at[gateway.name] = name
                starts = self._check_one(session, self._jobs[name], part)
        return Result(State.UP, checked=True, starts=starts)

    def _check_one(self, session: Session, job: Job, part: Part) -> int:
        """Raises NeedsHuman where it does not; else how often the bundle was started."""
        from bundlekit.deploy.contract_check import look_at

        seen = look_at(session, job.manifest, job.checks)
        if seen.release != part.release:
            problem = f"release {seen.release or 'none'} is current there instead of {part.release}"
        elif seen.starts > max(part.starts, 1):
            problem = f"it was started {seen.starts} times"
        else:
            problem = seen.trouble or self._broken_promise(session, job, seen)
        if problem:
            raise NeedsHuman(
                f"release {part.release} of {job.name} started, but did not run well until the end of the soak: "
                f"{problem}",
                kept="it was not rolled back",
                hint=f"`bundlekit logs TARGET --bundle {job.name}` shows what it printed",
            )
        return seen.starts

    def _broken_promise(self, session: Session, job: Job, seen: Seen) -> str:
        """What the bundle does not answer as it declares; empty where it does, or where that cannot be asked."""
        from bundlekit.deploy.contract_check import judge
        from bundlekit.gateway.client import GatewayClient
        from bundlekit.gateway.contract import Verdict

        if not job.checks:
            return ""
        token = session.api_token()
        client = GatewayClient.over(session.open_api, token, name=session.name, timeout=_PATIENCE)
        try:
            results = list(judge(job.manifest, job.checks, client, seen))
        except GatewayUnfit:  # its SSH server forbids forwarding
            return ""
        broken = [result for result in results if result.verdict is Verdict.BROKEN]
        return f"{broken[0].check.method} {broken[0].check.resource} {broken[0].words}" if broken else ""

    def _revert(self, gateway: Gateway) -> Result:
        """The last bundle first: it may need those before it."""
        release = ""
        with self._session(gateway) as session:
            for name, part in reversed(self._parts(gateway).items()):
                self._at[gateway.name] = name
                release = self._revert_one(gateway, session, name, part)
                self._end_part(gateway, name, Part(State.REVERTED, release, part.release))
        if self._record.known(gateway.name).state in FAILED:
            return Result(None)  # what failed there is still worth knowing
        return Result(State.REVERTED, release="" if self._are_several else release)

    def _revert_one(self, gateway: Gateway, session: Session, name: str, part: Part) -> str:
        """Give back the release that was there; which one that is, empty for none."""
        from bundlekit.deploy import verbs

        state = session.probe(name).bundle(name)
        if state.current == part.replaced:
            return state.current
        if state.current != part.release:
            raise NeedsHuman(
                f"release {state.current or 'none'} of {name} is current there, and not {part.release} of this rollout",
                kept="nothing was changed there",
                hint=f"`bundlekit history TARGET --bundle {name}` shows who changed it",
            )
        listener = _Phases(self._watcher, gateway.name, name)
        if not part.replaced:  # nothing ran before, as after a first deploy that fails
            verbs.remove(session, name, listener, purge=False)
            return ""
        return verbs.rollback(session, state, part.replaced, listener).release


class _Phases(SilentListener):
    """Hands the phases of one gateway on; its notes and answers would be too many lines."""

    def __init__(self, watcher: Watcher, gateway: str, bundle: str) -> None:
        self._watcher = watcher
        self._gateway = gateway
        self._bundle = bundle

    def phase(self, word: str, text: str) -> None:
        self._watcher.phase(self._gateway, self._bundle, word, text)


def state_of_failure(error: BundlekitError, *, ordered: bool) -> State:
    """What a deploy that failed makes of a gateway.

    Args:
        error: of the deploy.
        ordered: whether the order may have reached the gateway.
    """
    is_away = isinstance(error, GatewayUnreachable)
    # Not a refusal of the gateway's, but the end of what it said.
    if ordered and (is_away or type(error) in (CouldNotRun, BundlekitError)):
        return State.HANDED_OVER
    if is_away:
        return State.OFFLINE
    if isinstance(error, NeedsHuman):
        return State.NEEDS_HUMAN
    return State.ROLLED_BACK if isinstance(error, RolledBack) else State.REFUSED


def _own_fault(error: Exception) -> BundlekitError:
    """An error that nobody has thought of, with where it comes from; values of variables stay out of it."""
    return BundlekitError(
        f"bundlekit failed with {type(error).__name__}, and that is a fault of bundlekit: {error}",
        hint="please report this, with the lines below",
        details=(*trace_of(error), f"{type(error).__name__}: {error}"),
    )


def _is_up(state: BundleState) -> bool:
    return bool(state.running and state.running.registered)
