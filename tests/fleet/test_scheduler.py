from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.fleet.scheduler import Scheduler
from bundlekit.fleet.states import FAILED, GOOD, Memory, State, Task, Work, names_of
from bundlekit.fleet.waves import Offline, Policy, Share, parse_waves
from tests.rotation import examples

WAIT = Offline("wait", 300)


@dataclass
class World:
    """Gateways that answer by a virtual clock, and what is seen of a scheduler that rolls out to them.

    Attributes:
        offline: until when a gateway cannot be reached.
        broken: gateways on which the release does not come up.
        dying: on which it does, and does not run any more at the end of the soak.
        lossy: whose link breaks behind the order.
    """

    policy: Policy
    names: list[str]
    offline: dict[str, float] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    dying: set[str] = field(default_factory=set)
    lossy: set[str] = field(default_factory=set)
    via: dict[str, str] = field(default_factory=dict)
    known: dict[str, Memory] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        self.now = 0.0
        self.begun: list[tuple[float, str, int]] = []
        self.ends: dict[str, float] = {}
        self.deploys: Counter[str] = Counter()
        self.most = 0
        self.most_via: Counter[str] = Counter()
        self.failed_at_halt = 0
        self.in_flight_at_halt = 0
        self._random = random.Random(self.seed)
        self._events: list[tuple[float, int, Task]] = []
        self._at = Counter[str]()
        self.scheduler = Scheduler(self.names, self.policy, via=self.via, known=self.known)

    def run(self, *, until: float = 1e9) -> World:
        number = steps = 0
        while self.now < until:
            steps += 1
            assert steps < 200_000, "it goes in a circle"
            was_halted = self.scheduler.halted
            for task in self.scheduler.decide(self.now):
                number += 1
                self._note(task)
                heapq.heappush(self._events, (self.now + 0.01 + self._random.random() * 5, number, task))
            assert self.scheduler.at_work <= self.policy.jobs
            if self.scheduler.finished(self.now):
                return self
            times = [event[0] for event in self._events[:1]]
            if (wakes := self.scheduler.next_time(self.now)) is not None:
                times.append(wakes)
            assert times, "it waits for nothing"
            self.now = max(min(times), self.now)
            while self._events and self._events[0][0] <= self.now:
                task = heapq.heappop(self._events)[2]
                flying = self.scheduler.at_work
                self._end(task)
                if self.scheduler.halted and not was_halted and not self.failed_at_halt:
                    self.failed_at_halt = len(names_of(self.scheduler.states, *FAILED))
                    self.in_flight_at_halt = flying
        return self

    def _note(self, task: Task) -> None:
        if task.work is Work.FIND:
            return
        via = self.via.get(task.gateway, "")
        self._at[via] += 1
        self.most_via[via] = max(self.most_via[via], self._at[via])
        self.most = max(self.most, self.scheduler.at_work)
        if task.work is Work.DEPLOY:
            assert not self.scheduler.halted
            self.begun.append((self.now, task.gateway, task.wave))

    def _end(self, task: Task) -> None:
        name, work = task.gateway, task.work
        is_away = self.offline.get(name, 0) > self.now
        if work is not Work.FIND:
            self._at[self.via.get(name, "")] -= 1
        result: State | None = State.OFFLINE if is_away else State.PENDING
        if work is Work.DEPLOY and not is_away:
            self.deploys[name] += 1
            result = State.ROLLED_BACK if name in self.broken else State.UP
            if name in self.lossy:
                result = State.HANDED_OVER
        elif work is Work.ASK and not is_away:
            result = State.ROLLED_BACK if name in self.broken else State.UP
        elif work is Work.CHECK and not is_away:
            result = State.NEEDS_HUMAN if name in self.dying else State.UP
        elif work is Work.REVERT:
            result = None if is_away else State.REVERTED
        if work is not Work.FIND and result in (State.UP, State.ROLLED_BACK):
            self.ends.setdefault(name, self.now)
        self.scheduler.ended(name, work, result, self.now)

    @property
    def states(self) -> dict[str, State]:
        return self.scheduler.states


def gateways(number: int) -> list[str]:
    return [f"gw{index:05d}" for index in range(number)]


def test_waves_are_begun_one_after_the_other() -> None:
    world = World(Policy(waves=parse_waves("1,5,100%")), gateways(20)).run()
    assert set(world.states.values()) == {State.UP}
    assert Counter(wave for _, _, wave in world.begun) == {1: 1, 2: 5, 3: 14}
    assert [name for _, name, _ in world.begun] == gateways(20)


def test_offline_canary_is_replaced_by_another() -> None:
    world = World(Policy(waves=parse_waves("2,100%"), offline=WAIT), gateways(6), offline={"gw00000": 200.0}).run()
    first = [name for _, name, wave in world.begun if wave == 1]
    assert first == ["gw00000", "gw00001", "gw00002"]
    assert set(world.states.values()) == {State.UP}
    assert world.ends["gw00000"] < 200 + 15 * 1.5 + 6


def test_nothing_new_is_begun_behind_the_threshold() -> None:
    policy = Policy(max_failed=Share(1), jobs=3)
    world = World(policy, gateways(40), broken={"gw00004", "gw00007", "gw00009"}).run()
    assert world.scheduler.halted == "2 of 8 gateways failed, and at most 1 may fail" or world.failed_at_halt == 2
    assert len(names_of(world.states, State.PENDING)) > 25
    assert not names_of(world.states, State.HANDED_OVER)


def test_percentage_counts_behind_the_least_number() -> None:
    policy = Policy(max_failed=Share(10, is_percent=True), min_tried=10, jobs=1)
    world = World(policy, gateways(30), broken={"gw00000"}).run()
    assert not world.scheduler.halted
    assert len(names_of(world.states, State.UP)) == 29
    early = World(replace(policy, min_tried=1), gateways(30), broken={"gw00000"}).run()
    assert len(early.begun) == 1


def test_next_wave_waits_for_the_soak() -> None:
    world = World(Policy(waves=parse_waves("2,100%"), soak=600), gateways(5)).run()
    second = min(at for at, _, wave in world.begun if wave == 2)
    assert second >= max(world.ends["gw00000"], world.ends["gw00001"]) + 600


def test_release_that_dies_in_the_soak_fails_its_wave() -> None:
    world = World(Policy(waves=parse_waves("1,100%"), soak=60), gateways(5), dying={"gw00000"}).run()
    assert world.states["gw00000"] is State.NEEDS_HUMAN
    assert len(world.begun) == 1


def test_rollout_that_is_taken_back_reverts_what_is_up() -> None:
    policy = Policy(on_abort="rollback", jobs=1, offline=WAIT)
    world = World(policy, gateways(6), broken={"gw00003"}).run()
    assert [world.states[name] for name in gateways(6)] == [
        *[State.REVERTED] * 3,
        State.ROLLED_BACK,
        *[State.PENDING] * 2,
    ]


def test_closed_window_begins_nothing() -> None:
    scheduler = Scheduler(gateways(3), Policy())
    assert not scheduler.decide(0, is_open=False)
    assert not scheduler.finished(0)
    assert len(scheduler.decide(1)) == 3


def test_lost_gateway_is_asked_and_not_deployed_again() -> None:
    world = World(Policy(offline=WAIT), gateways(4), lossy={"gw00001"}).run()
    assert set(world.deploys.values()) == {1}
    assert set(world.states.values()) == {State.UP}


def test_order_is_that_of_the_seed() -> None:
    orders = [[name for _, name, _ in World(Policy(seed=seed, jobs=1), gateways(50)).run().begun] for seed in (7, 7, 8)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == gateways(50) != orders[0]


@pytest.mark.parametrize(
    ("memory", "work"),
    [
        (Memory(State.PENDING, wave=1, in_doubt=True), Work.DEPLOY),  # begun, and no order was given
        (Memory(State.PENDING, wave=1, in_doubt=True, ordered=True), Work.FIND),
        (Memory(State.HANDED_OVER, wave=1, ordered=True), Work.FIND),
        (Memory(State.OFFLINE, wave=1), Work.FIND),
        (Memory(State.PENDING), Work.DEPLOY),
        (Memory(State.UP, wave=1, age=1e6), Work.CHECK),
    ],
)
def test_known_gateway_goes_on_where_it_was(memory: Memory, work: Work) -> None:
    scheduler = Scheduler(["gw"], Policy(soak=60, offline=WAIT), known={"gw": memory})
    assert [task.work for task in scheduler.decide(0)] == [work]


def test_settled_gateway_is_left_alone() -> None:
    for state in (State.UNCHANGED, State.ROLLED_BACK, State.REFUSED):
        scheduler = Scheduler(["gw"], Policy(max_failed=Share(1)), known={"gw": Memory(state, wave=1)})
        assert not scheduler.decide(0)
        assert scheduler.finished(0)


def test_ten_thousand_gateways_all_end() -> None:
    chance = random.Random(1)
    names = gateways(10_000)
    world = World(
        Policy(
            parse_waves("1,1%,10%,100%"),
            soak=30,
            max_failed=Share(10, is_percent=True),
            min_tried=100,
            offline=Offline("wait", 2_000),
        ),
        names,
        offline={name: chance.random() * 300 for name in names if chance.random() < 0.3},
        broken={name for name in names if chance.random() < 0.01},
        lossy={name for name in names if chance.random() < 0.05},
        via={name: f"jump{index % 40}" for index, name in enumerate(names)},
    ).run()
    assert not world.scheduler.halted
    assert set(world.states) == set(names)
    assert set(world.states.values()) == {State.UP, State.ROLLED_BACK}
    assert max(world.deploys.values()) == 1
    assert world.most == 50
    assert max(world.most_via.values()) <= 10


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = gateways(draw(st.integers(1, 40)))
    some = st.sets(st.sampled_from(names), max_size=8)
    shares = st.builds(Share, st.integers(1, 30)) | st.builds(Share, st.integers(1, 100), st.just(value=True))
    return World(
        Policy(
            waves=tuple(draw(st.lists(shares, min_size=1, max_size=4))),
            soak=draw(st.sampled_from([0.0, 60.0])),
            max_failed=Share(draw(st.integers(0, 6))),
            offline=draw(st.sampled_from([WAIT, Offline("skip"), Offline("fail"), Offline("wait", 50)])),
            jobs=draw(st.integers(1, 8)),
            per_jump_host=draw(st.integers(1, 3)),
            on_abort=draw(st.sampled_from(["pause", "rollback"])),
            seed=draw(st.none() | st.integers(0, 9)),
        ),
        names,
        offline=draw(st.dictionaries(st.sampled_from(names), st.sampled_from([3.0, 90.0, 2e5]), max_size=8)),
        broken=draw(some),
        dying=draw(some),
        lossy=draw(some),
        via=draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["a", "b"]), max_size=20)),
        seed=draw(st.integers(0, 9)),
    )


@given(worlds())
@settings(max_examples=examples(100))
def test_rollout_keeps_its_promises(world: World) -> None:
    world.run()
    policy, states = world.policy, world.states
    assert world.most <= policy.jobs
    assert all(world.most_via[via] <= policy.per_jump_host + policy.jobs * (not via) for via in world.most_via)
    assert max(world.deploys.values(), default=0) <= 1
    last = {State.HANDED_OVER, State.OFFLINE, State.PENDING, State.REVERTED} | GOOD | FAILED
    assert set(states.values()) <= last
    if not world.scheduler.halted:
        assert State.PENDING not in states.values()
        if policy.offline == WAIT:
            away = {name for name, until in world.offline.items() if until > 1e5}
            assert {name for name, state in states.items() if state in (State.OFFLINE, State.HANDED_OVER)} <= away
    failed = len(names_of(states, *FAILED))
    overshoot = failed - policy.max_failed.number
    assert overshoot <= max(world.in_flight_at_halt, 0) or policy.offline.way == "fail"
    by_wave: dict[int, list[float]] = {}
    for at, _, wave in world.begun:
        by_wave.setdefault(wave, []).append(at)
    for wave, begun in by_wave.items():
        good = [name for _, name, number in world.begun if number == wave - 1 and states[name] in GOOD]
        if good and not world.scheduler.halted:
            soaked = sorted(world.ends[name] + policy.soak for name in good if world.ends.get(name, 1e9) <= min(begun))
            quota = policy.waves[min(wave - 1, len(policy.waves)) - 1].of(len(world.names)) or 1
            assert soaked[quota - 1] <= min(begun)


@given(worlds(), st.floats(0, 120))
@settings(max_examples=examples(60))
def test_rollout_that_is_taken_up_again_deploys_nothing_twice(world: World, until: float) -> None:
    world.run(until=until)
    known = {}
    waves = {name: wave for _, name, wave in world.begun}
    for name, state in world.states.items():
        is_working = name in world.scheduler._working  # as a record has it: begun, and no end
        ordered = name in world.deploys
        if is_working and not ordered and state is State.PENDING:
            known[name] = Memory(State.PENDING, waves[name], in_doubt=True)
        else:
            known[name] = Memory(state, waves.get(name, 0), in_doubt=False, ordered=ordered)
    second = World(
        replace(world.policy, offline=WAIT, max_failed=Share(100)),
        world.names,
        offline={name: at for name, at in world.offline.items() if at < 1e5},
        broken=world.broken,
        lossy=world.lossy,
        via=world.via,
        known=known,
    ).run()
    assert not set(second.deploys) & set(world.deploys)
    assert set(second.states.values()) <= GOOD | FAILED | {State.REVERTED, State.OFFLINE}
