"""Lanes that share a gateway, and what happens to all of them at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from tests.box import Box, Machine, PlainBox
from tests.chaos import gateway
from tests.chaos.cases import Case, Plan, cases
from tests.chaos.lane import Attempt, Lane


@dataclass(frozen=True)
class Crew:
    """How many lanes there are, on what, and what they meet.

    Attributes:
        kind: of gateway.
        plan: of the cases.
        lanes: at once.
        share: of all cases.
        ends: how the whole gateway ends in the middle of each case; none for never.
        disk: the size of the gateway's, see `Machine`.
    """

    kind: type[Machine]
    plan: Plan
    lanes: int
    share: float
    ends: tuple[str, ...] = ()
    disk: str | None = None


_WORKSTATION = ("cut", "silence", "kill", "interrupt")
_GATEWAY = ("none", "worker", "workers", "second", "clock")
_ENDS = ("power_cut", "power_cut", "reboot", "power_cut, power_cut")
CREWS = {
    "workstation": Crew(Box, Plan(_WORKSTATION, ("cut", "silence")), lanes=6, share=0.25),
    "gateway": Crew(Box, Plan((*_GATEWAY, "supervisor")), lanes=6, share=0.25),
    "init": Crew(PlainBox, Plan((*_WORKSTATION, *_GATEWAY), ("cut",)), lanes=5, share=0.2),
    "power": Crew(Box, Plan(("power",)), lanes=8, share=0.16, ends=_ENDS),
    "power, init": Crew(PlainBox, Plan(("power",)), lanes=7, share=0.1, ends=_ENDS),
    "disk": Crew(Box, Plan(("full",)), lanes=1, share=0.04, disk="24m"),
}


@dataclass
class Report:
    """How it went: cases by their fault, those whose point never came, and what was wrong."""

    ran: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        of = ", ".join(f"{fault} {number}" for fault, number in sorted(self.ran.items()))
        return f"{self.ran.total()} cases ({of}); the point of {self.missed} never came; {len(self.wrong)} went wrong"


class Run:
    """A crew at work."""

    def __init__(self, crew: Crew, seed: str, folder: Path, tell: Callable[[str], None]) -> None:
        self._crew = crew
        self._seed = seed
        self._folder = folder
        self._tell = tell
        self._names = (f"chaos-{letters(number)}" for number in count())
        self.report = Report()

    def go(self, number: int) -> Report:
        """Run so many cases, or some more where they come in rounds."""
        with self._crew.kind(disk=self._crew.disk) as machine, gateway.Watch() as self._watch:
            gateway.prepare(machine)
            with ThreadPoolExecutor(self._crew.lanes) as pool:
                lanes = list(pool.map(lambda _: self._new_lane(machine), range(self._crew.lanes)))
                each = -(-number // self._crew.lanes)
                plans = [cases(self._crew.plan, self._seed, lane, self._crew.lanes) for lane in range(self._crew.lanes)]
                if self._crew.ends:
                    self._in_rounds(machine, pool, lanes, plans, each)
                else:
                    for _ in pool.map(lambda lane, plan: self._alone(lane, plan, each), lanes, plans):
                        pass
        return self.report

    def _alone(self, lane: Lane, plan: Iterator[Case], number: int) -> None:
        for _ in range(number):
            case = next(plan)
            lane = self._end(lane, self._begin(lane, case), case)

    def _in_rounds(
        self, machine: Machine, pool: ThreadPoolExecutor, lanes: list[Lane], plans: list[Iterator[Case]], number: int
    ) -> None:
        for turn in range(number):
            ends = self._crew.ends[turn % len(self._crew.ends)].split(", ")
            turns = [next(plan) for plan in plans]
            if "reboot" in ends:  # who is held could not go down in order
                turns = [replace(case, fault="reboot") for case in turns]
            attempts = list(pool.map(self._begin, lanes, turns))
            for again, end in enumerate(ends):
                time.sleep(again * (turn * 0.37 % 3))
                if end == "reboot":
                    machine.reboot()
                else:
                    machine.power_cut()
                    machine.boot()
            lanes[:] = pool.map(self._end, lanes, attempts, turns)

    def _begin(self, lane: Lane, case: Case) -> Attempt | AssertionError:
        try:
            return lane.begin(case)
        except AssertionError as error:
            return error

    def _end(self, lane: Lane, attempt: Attempt | AssertionError, case: Case) -> Lane:
        """The lane that goes on: another one if something went wrong."""
        told = ""
        try:
            if isinstance(attempt, AssertionError):
                raise attempt
            wrong = lane.end(attempt)
            told = attempt.told
            self.report.missed += case.limit is None and not attempt.reached
        except AssertionError as error:
            wrong = [str(error)]
        self.report.ran[case.fault] += 1
        if not wrong:
            return lane
        log = lane.machine.run(f"tail -n 15 /opt/bundlekit/bundles/{lane.name}/log", check=False).stdout
        text = "\n".join([f"seed {self._seed!r}, {lane.name}: {case}", *wrong, told, log])
        self._tell(text)
        self.report.wrong.append(text)
        return self._new_lane(lane.machine)

    def _new_lane(self, machine: Machine) -> Lane:
        lane = Lane(machine, self._watch, self._folder, next(self._names))
        lane.set_up()
        return lane


def letters(number: int) -> str:
    """0 is a, 25 is z, 26 is ba."""
    high, low = divmod(number, 26)
    return (letters(high) if high else "") + chr(ord("a") + low)
