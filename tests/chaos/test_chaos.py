"""A share of the cases, by the commit; `make chaos` runs as many as one likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.cases import cases
from tests.chaos.matrix import MATRICES, Run
from tests.rotation import seed, turn

# Scenarios at once, and cases of each. Every fault meets a gateway with systemd, and some of them one without it; the
# whole gateway ends in each way, here or there.
SHARES = {"systemd": (3, 4), "init": (2, 2), "power": (2, 2), "power, init": (1, 2), "disk": (1, 2)}


@pytest.mark.gateway
@pytest.mark.timeout(900)
@pytest.mark.parametrize("matrix", MATRICES)
def test_whatever_goes_wrong_one_release_runs_and_who_asks_is_told_which(
    matrix: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    scenarios, each = SHARES[matrix]
    run = Run(
        replace(MATRICES[matrix], scenarios=scenarios),
        f"{seed()} {matrix}",
        tmp_path,
        lambda _: None,
        first_end=turn(4),
    )
    report = run.go(scenarios * each)
    record_property("told", f"chaos, BUNDLEKIT_SEED={seed()}, {matrix}: {report}")
    assert not report.wrong, "\n\n".join([f"BUNDLEKIT_SEED={seed()}", *report.wrong])


@pytest.mark.parametrize("commit", ["1", "6a8308f2c1d4", "0badc0ffee00"])
def test_share_has_every_fault_whatever_the_commit(commit: str) -> None:
    matrix, (scenarios, each) = MATRICES["systemd"], SHARES["systemd"]
    taken = [
        case
        for index in range(scenarios)
        for case, _ in zip(cases(matrix.plan, f"{commit} systemd", index, scenarios), range(each), strict=False)
    ]
    assert {case.fault for case in taken if case.limit is None} == set(matrix.plan.faults)
    assert {case.fault for case in taken if case.limit is not None} == set(matrix.plan.links)


@pytest.mark.parametrize("first", range(4))
def test_share_has_every_end_of_a_gateway_whichever_comes_first(first: int) -> None:
    rounds = {name: SHARES[name][1] for name in ("power", "power, init")}
    ends = {MATRICES[name].ends[(first + number) % 4] for name, count in rounds.items() for number in range(count)}
    assert ends == {"power_cut", "reboot", "power_cut, power_cut"}
