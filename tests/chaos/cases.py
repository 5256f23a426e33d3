"""What goes wrong, and when: made from a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice

# On the gateway, in the order in which they come.
PHASES = ("unpack", "check", "stop", "switch", "start", "confirm")
# Where the release before goes last.
HAND_OVER = ("unpack", "check", "beside", "confirm", "stop", "switch", "start")

# What a release is like, and whether it may run in the end.
RELEASES = {
    "good": True,
    "late": True,  # takes two seconds to register
    "stubborn": True,  # does not want to stop, when its time has come
    "writes": True,  # changes the settings by renaming when it stops
    "dies": False,
    "lacks": False,  # a module that nobody sees before it runs
    "spoils": False,  # the settings, and dies
    "leaves": False,  # a moment after it has registered
    "hangs": False,
    "broken": False,  # answers 500
}


@dataclass(frozen=True)
class Case:
    """One change and its trouble.

    Attributes:
        number: of it in its scenario.
        verb: `deploy` or `rollback`.
        hand_over: whether the new one is started first.
        release: what the new one is like, see `RELEASES`.
        fault: what goes wrong besides, see `Scenario`.
        phase: on the gateway, at which it does; or `out` and `back` for bytes on the link to and from the gateway.
        delay: seconds after the begin of the phase; for bytes, the share of what such a change needs.
        with_sdk: whether the new one is made with the real SDK, see `releases.make`.
    """

    number: int
    verb: str
    hand_over: bool
    release: str
    fault: str
    phase: str
    delay: float
    with_sdk: bool

    @property
    def phases(self) -> tuple[str, ...]:
        """In the order in which they come."""
        return HAND_OVER if self.hand_over else PHASES

    @property
    def limit(self) -> float | None:
        """The share of the bytes after which it happens; None if it happens at a phase."""
        return None if self.phase in self.phases else self.delay


@dataclass(frozen=True)
class Plan:
    """What cases are made of, for a matrix.

    Attributes:
        faults: at phases.
        links: what happens to the link after so many bytes.
        releases: what new releases are like.
        rollbacks: share of the changes.
        hand_overs: share of the changes.
        with_sdk: share of the new releases.
    """

    faults: tuple[str, ...]
    links: tuple[str, ...] = ()
    releases: tuple[str, ...] = tuple(RELEASES)
    rollbacks: float = 0.15
    hand_overs: float = 0.3
    with_sdk: float = 0.15


def cases(plan: Plan, seed: str, scenario: int, scenarios: int) -> Iterator[Case]:
    """Cases of a scenario, without end. In all scenarios together, each fault meets each phase, in the seed's order.

    No fault comes again before all others have come.
    """
    dice = random.Random(f"{seed} {scenario}")
    pairs = [(fault, phase) for fault in plan.faults for phase in PHASES]
    by_bytes = [(link, way) for link in plan.links for way in ("out", "back")]
    pairs += by_bytes * (len(PHASES) // 2)
    random.Random(seed).shuffle(pairs)
    # Once each, once more each, and so on.
    met: dict[tuple[str, bool], Iterator[int]] = defaultdict(count)
    times = [next(met[fault, (fault, point) in by_bytes]) for fault, point in pairs]
    pairs = [pair for _, pair in sorted(zip(times, pairs, strict=True), key=lambda of: of[0])]
    for number, (fault, point) in enumerate(islice(cycle(pairs), scenario, None, scenarios), 1):
        # A third of them are good, so that what goes wrong besides decides.
        release = dice.choice(("good", dice.choice(plan.releases), dice.choice(plan.releases)))
        verb = "rollback" if dice.random() < plan.rollbacks else "deploy"
        if (fault, point) not in by_bytes:
            delay = dice.choice(
                (0.0, dice.random() * 0.05, dice.random() * 1.5 if point == "confirm" else dice.random() * 0.3)
            )
        else:
            delay = dice.random()
        hand_over = dice.random() < plan.hand_overs
        # More may go wrong there than in a check.
        phase = "beside" if hand_over and point == "check" else point
        if verb == "rollback":
            release = "good"
        with_sdk = dice.random() < plan.with_sdk
        yield Case(number, verb, hand_over, release, fault, phase, round(delay, 4), with_sdk)
