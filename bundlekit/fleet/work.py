"""What a rollout does with one gateway: a function from a task to what came of it. Threads call it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from bundlekit.errors import NeedsHuman
from bundlekit.fleet.failures import result_of_failure
from bundlekit.fleet.job import Job, check_after_soak
from bundlekit.fleet.states import FAILED, GOOD, State, Task, Work
from bundlekit.fleet.story import Part
from bundlekit.fleet.watcher import Result, Watcher
from bundlekit.remote.listener import SilentListener

if TYPE_CHECKING:
    from bundlekit.deploy.plan import Plan
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.fleet.record import Record
    from bundlekit.remote.events import BundleState, GatewayState
    from bundlekit.remote.session import Session

_CONNECT = 5.0  # seconds for a connection that only finds out whether a gateway is there
_AGAIN = 1.0  # seconds until a gateway is asked again that is at work with its order
_LOOKS = 3  # more that show nothing of an order: it may just have arrived as its sender was killed


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
        except Exception as error:  # whatever it is, the others go on
            ordered = self._record.known(task.gateway).ordered
            bundle = self._at.get(task.gateway, "") if self._are_several else ""
            result = result_of_failure(error, task.work, ordered=ordered, bundle=bundle)
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
                starts = check_after_soak(session, self._jobs[name], part)
        return Result(State.UP, checked=True, starts=starts)

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


def _is_up(state: BundleState) -> bool:
    return bool(state.running and state.running.registered)
