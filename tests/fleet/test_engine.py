"""The order in which an engine notes and acts, with gateways that only look at the record."""

from __future__ import annotations

import ast
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.manifest import Manifest
from bundlekit.deploy import verbs
from bundlekit.deploy.plan import Action, Plan
from bundlekit.deploy.verbs import Deployed
from bundlekit.errors import GatewayUnfit, GatewayUnreachable, HostKeyRejected
from bundlekit.fleet.engine import Engine
from bundlekit.fleet.inventory import Gateway
from bundlekit.fleet.job import Job
from bundlekit.fleet.record import Record
from bundlekit.fleet.states import State, Task, Work
from bundlekit.fleet.waves import Policy, Window
from bundlekit.fleet.work import Worker
from bundlekit.gateway.contract import ContractCheck, Promise
from bundlekit.pack.archive import Archive
from bundlekit.remote.events import BundleState, GatewayState, Running

NAMES = ("gw1", "gw2", "gw3")
HEAD: dict[str, Any] = {
    "id": "x",
    "bundle": "thermostat",
    "version": "0.2.0",
    "digest": "d",
    "gateways": [{"name": name, "target": name} for name in NAMES],
}
JOB = Job(Archive("thermostat", "0.2.0", "d", "tar:d", b"", (), ()), Manifest("thermostat", "0.2.0", "", 10, ()))


class Watcher:
    """Hears of everything and does nothing."""

    def began(self, *_: Any) -> None: ...

    def phase(self, *_: Any) -> None: ...

    def ended(self, *_: Any) -> None: ...

    def tick(self, *_: Any) -> None: ...


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with Record(tmp_path / "one.jsonl", head=HEAD) as record:
        yield record


@pytest.fixture
def synced(record: Record, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large the record was at each sync."""
    sizes: list[int] = []
    sync = os.fdatasync

    def fdatasync(file: int) -> None:
        sync(file)
        sizes.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return sizes


def engine(record: Record, policy: Policy, session: Any) -> Engine:
    gateways = [Gateway(name, name) for name in NAMES]
    return Engine(record, gateways, [JOB], policy, Watcher(), session=session, place=lambda _: None)


def test_each_step_is_on_the_disk_before_it_is_done(
    record: Record, synced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, list[str]]] = []

    def on_disk(gateway: str) -> list[str]:
        """What a power cut would leave of the record about a gateway."""
        lines = record.path.read_bytes()[: max(synced)].splitlines()
        return [one["event"] for one in map(json.loads, lines) if one.get("gateway") == gateway]

    @contextmanager
    def session(gateway: Gateway) -> Iterator[str]:
        seen.append(("log-in", on_disk(gateway.name)))
        yield gateway.name

    def deploy(name: str, *_: Any, before_order: Any, **__: Any) -> Deployed:
        plan = Plan(Action.INSTALL, "0.2.0-d", "", ())
        there = GatewayState(bundles=(BundleState("thermostat"),))
        before_order(plan, there)
        seen.append(("order", on_disk(name)))
        raise GatewayUnreachable("it is cut off")

    monkeypatch.setattr(verbs, "deploy", deploy)
    it = engine(record, Policy(jobs=1), session)
    it._step()  # one gateway is begun
    while len(seen) < 2:
        it._take_ends(0.1)
    assert seen == [("log-in", ["begin"]), ("order", ["begin", "order"])]


def test_second_interrupt_leaves_at_once(record: Record) -> None:
    """Whoever goes on with the record knows that something was begun, and not how it ended."""
    noted, over = threading.Event(), threading.Event()

    class Noting(Watcher):
        def tick(self, scheduler: Any, *_: Any) -> None:
            if scheduler.halted:
                noted.set()

    def session(_: Gateway) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        noted.wait(60)
        os.kill(os.getpid(), signal.SIGINT)
        over.wait(60)  # it does not end by itself

    gateways = [Gateway(name, name) for name in NAMES]
    it = Engine(record, gateways, [JOB], Policy(jobs=1), Noting(), session=session, place=lambda _: None)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            it.run()
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)
    assert it.scheduler.halted == "interrupted"
    assert [record.known(name).in_doubt for name in NAMES] == [True, False, False]


def test_closed_window_begins_nothing(record: Record) -> None:
    now = datetime.now().astimezone()
    closed = Window((now + timedelta(hours=2)).time(), (now + timedelta(hours=3)).time())

    def session(gateway: Gateway) -> Any:
        raise AssertionError(f"{gateway.name} was begun")

    it = engine(record, Policy(window=closed), session)
    for _ in range(3):
        assert not it._step()
    assert set(it.scheduler.states.values()) == {State.PENDING}
    assert it.scheduler.at_work == 0


def test_unknown_host_key_says_how_the_rollout_goes_on(record: Record) -> None:
    @contextmanager
    def session(gateway: Gateway) -> Iterator[str]:
        raise HostKeyRejected(
            "the host key of gw1 is not known", hint="compare it; then --accept-new-host-key stores it"
        )
        yield gateway.name

    it = engine(record, Policy(jobs=1), session)
    while not it._step():
        pass
    known = record.known("gw1")
    assert known.state is State.REFUSED
    assert known.error["hint"] == (
        "compare it; then --accept-new-host-key stores it; then `bundlekit rollout retry` tries it again: it asks "
        "whether to trust the key, or takes this option"
    )


@pytest.mark.parametrize(
    ("work", "state"),
    [
        (Work.DEPLOY, State.REFUSED),
        (Work.ASK, State.NEEDS_HUMAN),
        (Work.CHECK, State.NEEDS_HUMAN),
        (Work.REVERT, State.NEEDS_HUMAN),
    ],
)
def test_fault_of_bundlekit_is_reported_in_full(
    record: Record, monkeypatch: pytest.MonkeyPatch, work: Work, state: State
) -> None:
    """Neither the other gateways nor the record miss it, and nobody waits as for one that is away."""

    def session(gateway: Gateway) -> Any:
        raise KeyError(gateway.name)

    worker = Worker(record, [JOB], Watcher(), session=session, place=lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr(ast, "parse", None)  # it fails where several threads are in it
        result = worker.do(Task(work, "gw1", 1), Gateway("gw1", "gw1"))
    assert result.state is state
    assert result.error is not None
    assert "KeyError" in result.error.message
    assert "a fault of bundlekit" in result.error.message
    assert "please report this" in str(result.error.hint)
    assert any("in session" in line for line in result.error.details)
    assert result.error.details[-1] == "KeyError: 'gw1'"


class OnlyLookedAt:
    """A session on a gateway with one release. It forbids forwarding, and has nothing that changes a gateway."""

    name = "gw1"

    def __init__(self, release: str) -> None:
        self._state = BundleState("thermostat", current=release, running=Running(1, release, 0, 1, registered=True))

    def probe(self, _: str) -> GatewayState:
        return GatewayState(bundles=(self._state,))

    def ask(self, *_: str) -> list[Any]:
        return []

    def api_token(self) -> str:
        return "token"

    def open_api(self, _: float) -> Any:
        raise GatewayUnfit("the SSH server of gw1 forbids forwarding")


def looking(record: Record, release: str, job: Job = JOB) -> Worker:
    """A worker in a rollout that has brought 0.2.0-d in place of 0.1.0-c, where another release may be by now."""
    record.add("state", gateway="gw1", state="up", release="0.2.0-d", replaced="0.1.0-c", starts=1)

    @contextmanager
    def session(_: Gateway) -> Iterator[Any]:
        yield OnlyLookedAt(release)

    return Worker(record, [job], Watcher(), session=session, place=lambda _: None)


def test_release_of_somebody_else_is_not_rolled_back(record: Record) -> None:
    result = looking(record, "0.3.0-e").do(Task(Work.REVERT, "gw1", 1), Gateway("gw1", "gw1"))
    assert result.state is State.NEEDS_HUMAN
    assert result.error is not None
    assert "0.3.0-e" in result.error.message
    assert result.error.kept == "nothing was changed there"


def test_gateway_without_forwarding_is_checked_without_gets(record: Record) -> None:
    check = ContractCheck(Promise.ANSWERS, "GET", "/thermostat", "/thermostat", 10)
    worker = looking(record, "0.2.0-d", Job(JOB.archive, JOB.manifest, (check,)))
    result = worker.do(Task(Work.CHECK, "gw1", 1), Gateway("gw1", "gw1"))
    assert (result.state, result.checked, result.error) == (State.UP, True, None)


def test_release_that_was_started_again_does_not_end_its_soak_well(record: Record) -> None:
    class StartedAgain(OnlyLookedAt):
        def __init__(self, release: str) -> None:
            running = Running(1, release, 0, 3, registered=True)
            self._state = BundleState("thermostat", current=release, running=running)

    @contextmanager
    def session(_: Gateway) -> Iterator[Any]:
        yield StartedAgain("0.2.0-d")

    looking(record, "0.2.0-d")  # notes that it is up
    worker = Worker(record, [JOB], Watcher(), session=session, place=lambda _: None)
    result = worker.do(Task(Work.CHECK, "gw1", 1), Gateway("gw1", "gw1"))
    assert result.state is State.NEEDS_HUMAN
    assert result.error is not None
    assert "it was started 3 times" in result.error.message
