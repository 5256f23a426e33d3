"""Scenarios that share a gateway, and what happens to all of them at once."""

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
from tests.chaos.scenario import Attempt, Scenario


@dataclass(frozen=True)
class Matrix:
    """How many scenarios there are, on what, and what they meet.

    Attributes:
        kind: of gateway.
        plan: of the cases.
        scenarios: at once.
        share: of all cases.
        ends: how the whole gateway ends in the middle of each case; none for never.
        disk: the size of the gateway's, see `Machine`.
    """

    kind: type[Machine]
    plan: Plan
    scenarios: int
    share: float
    ends: tuple[str, ...] = ()
    disk: str | None = None


_WORKSTATION = ("cut", "silence", "kill", "interrupt")
_GATEWAY = ("none", "worker", "workers", "second", "clock")
_ENDS = ("power_cut", "power_cut", "reboot", "power_cut, power_cut")
MATRICES = {
    "systemd": Matrix(Box, Plan((*_WORKSTATION, *_GATEWAY, "supervisor"), ("cut", "silence")), scenarios=6, share=0.5),
    "init": Matrix(PlainBox, Plan((*_WORKSTATION, *_GATEWAY), ("cut",)), scenarios=5, share=0.2),
    "power": Matrix(Box, Plan(("power",)), scenarios=8, share=0.16, ends=_ENDS),
    "power, init": Matrix(PlainBox, Plan(("power",)), scenarios=7, share=0.1, ends=_ENDS[2:] + _ENDS[:2]),
    "disk": Matrix(Box, Plan(("full",)), scenarios=1, share=0.04, disk="24m"),
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
    """A matrix at work."""

    def __init__(
        self, matrix: Matrix, seed: str, folder: Path, tell: Callable[[str], None], *, first_end: int = 0
    ) -> None:
        """Describe it.

        Args:
            matrix: that it is of.
            seed: of its cases.
            folder: for its bundles and clients.
            tell: is called with each thing that is wrong.
            first_end: with which of the matrix's `ends` it begins.
        """
        self._matrix = matrix
        self._first_end = first_end
        self._seed = seed
        self._folder = folder
        self._tell = tell
        self._names = (f"chaos-{letters(number)}" for number in count())
        self.report = Report()

    def go(self, number: int) -> Report:
        """Run so many cases, or some more where they come in rounds."""
        with self._matrix.kind(disk=self._matrix.disk) as machine, gateway.Watch() as self._watch:
            gateway.prepare(machine)
            with ThreadPoolExecutor(self._matrix.scenarios) as pool:
                scenarios = list(pool.map(lambda _: self._new_scenario(machine), range(self._matrix.scenarios)))
                each = -(-number // self._matrix.scenarios)
                together = self._matrix.scenarios
                plans = [cases(self._matrix.plan, self._seed, index, together) for index in range(together)]
                if self._matrix.ends:
                    self._in_rounds(machine, pool, scenarios, plans, each)
                else:
                    for _ in pool.map(lambda scenario, plan: self._alone(scenario, plan, each), scenarios, plans):
                        pass
        return self.report

    def _alone(self, scenario: Scenario, plan: Iterator[Case], number: int) -> None:
        for _ in range(number):
            case = next(plan)
            scenario = self._end(scenario, self._begin(scenario, case), case)

    def _in_rounds(
        self,
        machine: Machine,
        pool: ThreadPoolExecutor,
        scenarios: list[Scenario],
        plans: list[Iterator[Case]],
        number: int,
    ) -> None:
        for turn in range(number):
            ends = self._matrix.ends[(self._first_end + turn) % len(self._matrix.ends)].split(", ")
            turns = [next(plan) for plan in plans]
            if "reboot" in ends:  # who is held could not go down in order
                turns = [replace(case, fault="reboot") for case in turns]
            attempts = list(pool.map(self._begin, scenarios, turns))
            for again, end in enumerate(ends):
                time.sleep(again * (turn * 0.37 % 3))
                if end == "reboot":
                    machine.reboot()
                else:
                    machine.power_cut()
                    machine.boot()
            scenarios[:] = pool.map(self._end, scenarios, attempts, turns)

    def _begin(self, scenario: Scenario, case: Case) -> Attempt | AssertionError:
        try:
            return scenario.begin(case)
        except AssertionError as error:
            return error

    def _end(self, scenario: Scenario, attempt: Attempt | AssertionError, case: Case) -> Scenario:
        """The scenario that goes on: another one if something went wrong."""
        told = ""
        try:
            if isinstance(attempt, AssertionError):
                raise attempt
            wrong = scenario.end(attempt)
            told = attempt.told
            self.report.missed += case.limit is None and not attempt.reached
        except AssertionError as error:
            wrong = [str(error)]
        self.report.ran[case.fault] += 1
        if not wrong:
            return scenario
        log = scenario.machine.run(f"tail -n 15 /opt/bundlekit/bundles/{scenario.name}/log", check=False).stdout
        text = "\n".join([f"seed {self._seed!r}, {scenario.name}: {case}", *wrong, told, log])
        self._tell(text)
        self.report.wrong.append(text)
        return self._new_scenario(scenario.machine)

    def _new_scenario(self, machine: Machine) -> Scenario:
        scenario = Scenario(machine, self._watch, self._folder, next(self._names))
        scenario.set_up()
        return scenario


def letters(number: int) -> str:
    """0 is a, 25 is z, 26 is ba."""
    high, low = divmod(number, 26)
    return (letters(high) if high else "") + chr(ord("a") + low)
