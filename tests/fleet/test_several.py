"""Rollouts of several bundles, to gateways that only remember what was deployed to them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.manifest import Manifest
from bundlekit.deploy import await_outcome, outcome, verbs
from bundlekit.deploy.await_outcome import Change
from bundlekit.deploy.outcome import Outcome
from bundlekit.deploy.plan import Action, Plan
from bundlekit.deploy.verbs import Deployed
from bundlekit.errors import GatewayUnreachable, Refused, RolledBack
from bundlekit.fleet import away, work
from bundlekit.fleet.engine import Engine
from bundlekit.fleet.inventory import Gateway
from bundlekit.fleet.job import Job
from bundlekit.fleet.record import Record
from bundlekit.fleet.report import exit_code, for_programs, lines_of
from bundlekit.fleet.states import FAILED, GOOD, State
from bundlekit.fleet.waves import Policy, Share
from bundlekit.pack.archive import Archive
from bundlekit.remote.events import BundleState, GatewayState, HistoryEntry
from tests.fleet.test_engine import Watcher

NAMES = tuple(f"gw{number}" for number in range(6))
BUNDLES = ("broker", "thermostat", "pump")
HEAD: dict[str, Any] = {
    "id": "x",
    "bundles": [{"bundle": name, "version": "2", "digest": name} for name in BUNDLES],
    "gateways": [{"name": name, "target": name} for name in NAMES],
}
JOBS = [
    Job(Archive(name, "2", name, f"tar:{name}", b"", (), ()), Manifest(name, "2", "", 10, ()), how={"job": name})
    for name in BUNDLES
]
EVERY_FAILURE_MAY = Policy(max_failed=Share(100, is_percent=True))


class Killed(BaseException):
    """The controller is no more."""


class AtOnce:
    """A thread that ends before anything else goes on: so a seed is the whole story."""

    def __init__(self, target: Any, args: Any, **_: Any) -> None:
        self.start = lambda: target(*args)


class World:
    """Gateways that have version 1 of each bundle, links that break, bundles that do not come up, by a seed."""

    def __init__(self, patch: pytest.MonkeyPatch, path: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.path = path
        self.there = {name: dict.fromkeys(BUNDLES, "1") for name in NAMES}
        self.histories: dict[str, list[HistoryEntry]] = {name: [] for name in NAMES}
        self.faults = 0.0  # how likely each is
        self.lines_left = -1  # until the controller is killed
        patch.setattr(work, "_AGAIN", 0.0)
        patch.setattr(away, "_PAUSES", (0.0,))
        patch.setattr(away, "_LOOKS_A_SECOND", 1e9)
        patch.setattr("bundlekit.fleet.engine.threading.Thread", AtOnce)
        patch.setattr(verbs, "this_person", lambda: "me")
        patch.setattr(verbs, "deploy", self._deploy)
        patch.setattr(verbs, "rollback", self._rollback)
        patch.setattr(await_outcome, "ask_outcome", self._ask)
        patch.setattr(outcome, "outcome_of", self._outcome)
        add_all = Record.add_all

        def add_all_or_die(record: Record, events: Any) -> None:
            if self.lines_left == 0:
                raise Killed
            self.lines_left -= 1
            add_all(record, events)

        patch.setattr(Record, "add_all", add_all_or_die)

    def run(self, *, retries: bool = False, reverts: bool = False, policy: Policy = EVERY_FAILURE_MAY) -> Record:
        """Go on until the rollout is done, however often the controller is killed meanwhile."""
        while True:
            self.lines_left = self.random.randrange(1, 40) if self.faults else -1
            with suppress(Killed), Record(self.path, head=None if self.path.exists() else HEAD) as record:
                if retries:
                    failed = [one.name for one in record.story.gateways if one.state in FAILED]
                    record.add_all([("retry", {"gateway": name}) for name in failed])
                    retries = False
                gateways = [Gateway(name, name) for name in NAMES]
                it = Engine(record, gateways, JOBS, policy, Watcher(), session=self._session, place=lambda _: None)
                if reverts:
                    it.scheduler.halt("rolled back", reverts=True)
                it.run()
                return record

    def _happens(self) -> bool:
        return self.random.random() < self.faults

    @contextmanager
    def _session(self, gateway: Gateway) -> Iterator[Any]:
        if self._happens():
            raise GatewayUnreachable("it is away")
        yield Session(self, gateway.name)

    def _deploy(self, session: Session, archive: Archive, _: Any, *, before_order: Any, job: str) -> Deployed:
        assert archive.name == job
        name, bundle = session.name, archive.name
        plan = Plan(Action.INSTALL, "2", self.there[name][bundle], ())
        if self.there[name][bundle] == "2":
            return Deployed(plan, GatewayState(), None)
        if self._happens():
            raise GatewayUnreachable("it is cut off before the order")
        before_order(plan, GatewayState(bundles=(BundleState(bundle, last=self._last(name, bundle)),)))
        if self._happens():
            raise GatewayUnreachable("the order is lost")
        result = "back" if self._happens() else "up"
        self._remember(name, bundle, "deploy", "2", result)
        if result == "up":
            self.there[name][bundle] = "2"
        if self._happens():
            raise GatewayUnreachable("the answer is lost")
        if result != "up":
            raise RolledBack("it ended with exit status 1")
        return Deployed(plan, GatewayState(), Outcome("up", "2", "1"))

    def _ask(self, session: Session, change: Change) -> list[HistoryEntry]:
        bundle = change.before.name
        entries = [entry for entry in reversed(self.histories[session.name]) if entry.bundle == bundle]
        end = change.end_in(entries)
        return [end] if end else []

    def _outcome(self, events: list[HistoryEntry], *_: Any, **__: Any) -> Outcome:
        if events[0].outcome != "up":
            raise RolledBack("it ended with exit status 1")
        return Outcome("up", "2", "1")

    def _last(self, name: str, bundle: str) -> HistoryEntry | None:
        return next((entry for entry in reversed(self.histories[name]) if entry.bundle == bundle), None)

    def _remember(self, name: str, bundle: str, verb: str, release: str, result: str) -> None:
        at = len(self.histories[name])
        self.histories[name].append(HistoryEntry(at, at, bundle, verb, release, "1", "me", "", "", result, "", ""))

    def _rollback(self, session: Session, state: BundleState, release: str, _: Any) -> Outcome:
        self.there[session.name][state.name] = release
        self._remember(session.name, state.name, "rollback", release, "up")
        return Outcome("up", release, "2")


class Session:
    """On one gateway of the world."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name

    def probe(self, bundle: str) -> GatewayState:
        return GatewayState(bundles=(BundleState(bundle, current=self.world.there[self.name][bundle]),))


@pytest.fixture(params=range(8))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path / "one.jsonl", request.param)


def test_each_bundle_is_deployed_once_whatever_fails(world: World) -> None:
    world.faults = 0.15
    world.run()
    for _ in range(20):
        with Record(world.path) as record:
            story = record.story
        if all(known.state in GOOD for known in story.gateways):
            break
        assert not {known.state for known in story.gateways} & {State.PENDING, State.HANDED_OVER, State.OFFLINE}
        world.run(retries=True)
    assert {known.state for known in story.gateways} == {State.UP}
    assert exit_code(story.gateways, is_done=True) == 0
    for name, history in world.histories.items():
        ups = [entry.bundle for entry in history if entry.outcome == "up"]
        assert ups == list(BUNDLES), (name, history)  # each once, in their order
        parts = next(known for known in story.gateways if known.name == name).parts
        assert {bundle: (part.state, part.release, part.replaced) for bundle, part in parts.items()} == dict.fromkeys(
            BUNDLES, (State.UP, "2", "1")
        )
    while any(known.state is not State.REVERTED for known in story.gateways):  # those that are away stay as they are
        story = world.run(reverts=True).story
    for name, history in world.histories.items():
        assert world.there[name] == dict.fromkeys(BUNDLES, "1")
        assert [entry.bundle for entry in history if entry.verb == "rollback"] == list(reversed(BUNDLES))


def test_gateway_with_some_bundles_is_told_and_taken_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path / "one.jsonl", 1)
    deploy = verbs.deploy

    def breaks(session: Any, archive: Archive, *rest: Any, before_order: Any, **how: Any) -> Deployed:
        if (session.name, archive.name) == ("gw1", "thermostat"):
            before_order(Plan(Action.INSTALL, "2", "1", ()), GatewayState(bundles=(BundleState("thermostat"),)))
            raise RolledBack("it ended with exit status 1", kept="release 1 runs again")
        return deploy(session, archive, *rest, before_order=before_order, **how)

    monkeypatch.setattr(verbs, "deploy", breaks)
    record = world.run(policy=Policy(jobs=1, on_abort="rollback"))
    story = record.story
    assert [known.state for known in story.gateways[:3]] == [State.REVERTED, State.ROLLED_BACK, State.PENDING]
    lines = lines_of(story.gateways)
    assert "gw1: thermostat: it ended with exit status 1" in lines
    assert "gw1: broker 1 reverted, thermostat 2 rolled back, pump not begun" in lines
    assert world.there["gw0"] == world.there["gw1"] == dict.fromkeys(BUNDLES, "1")
    told = for_programs(story)["gateways"][1]
    assert [one["state"] for one in told["bundles"]] == ["reverted", "rolled-back", "pending"]
    assert exit_code(story.gateways, is_done=False) == 1


def test_refused_bundle_does_not_get_the_release_of_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As an unsigned one after a signed one, where the gateways have signers."""
    world = World(monkeypatch, tmp_path / "one.jsonl", 1)
    deploy = verbs.deploy

    def refuses(session: Any, archive: Archive, *rest: Any, **how: Any) -> Deployed:
        if archive.name == "thermostat":
            raise Refused("this thermostat is not signed")
        return deploy(session, archive, *rest, **how)

    monkeypatch.setattr(verbs, "deploy", refuses)
    story = world.run().story
    assert "gw[0-5]: broker 2 up, thermostat refused, pump not begun" in lines_of(story.gateways)
    told = for_programs(story)["gateways"][1]
    assert [(one["release"], one["replaced"]) for one in told["bundles"]] == [("2", "1"), (None, None), (None, None)]
