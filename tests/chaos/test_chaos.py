"""A share of the cases; `make chaos` runs as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.crew import CREWS, Run

SEED = "1"
CASES = 200


@pytest.mark.gateway
@pytest.mark.timeout(900)
@pytest.mark.parametrize("crew", CREWS)
def test_whatever_goes_wrong_one_release_runs_and_who_asks_is_told_which(crew: str, tmp_path: Path) -> None:
    run = Run(CREWS[crew], f"{SEED} {crew}", tmp_path, lambda _: None)
    report = run.go(round(CASES * CREWS[crew].share))
    print(f"{crew}, seed {SEED}: {report}")  # noqa: T201
    assert not report.wrong, "\n\n".join(report.wrong)
