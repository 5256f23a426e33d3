"""A share of the cases; `make chaos` runs as many as one likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.matrix import MATRICES, Run

SEED = "1"
CASES = 60


@pytest.mark.gateway
@pytest.mark.timeout(900)
@pytest.mark.parametrize("matrix", MATRICES)
def test_whatever_goes_wrong_one_release_runs_and_who_asks_is_told_which(
    matrix: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = f"{SEED} {matrix}"
    report = Run(MATRICES[matrix], seed, tmp_path, lambda _: None).go(round(CASES * MATRICES[matrix].share))
    record_property("told", f"chaos, seed {seed!r}: {report}")
    assert not report.wrong, "\n\n".join(report.wrong)
