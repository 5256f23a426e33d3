"""A share of what `make chaos-fleet` does, by the commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.box import Box
from tests.box.crowd import Crowd
from tests.fleet.chaos import Chaos
from tests.rotation import seed


@pytest.mark.gateway
@pytest.mark.timeout(600)
def test_rollout_converges_whatever_fails(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    with Box() as box, Crowd(box, 6) as crowd:
        report = Chaos(crowd, tmp_path, seed(), lambda _: None, storm=0.0).go(2)
    record_property("told", f"chaos of a fleet, BUNDLEKIT_SEED={seed()}: {report}")
    assert report.counts["kills"] == 2
    assert not report.wrong, "\n\n".join([f"BUNDLEKIT_SEED={seed()}", *report.wrong])
