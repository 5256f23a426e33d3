from __future__ import annotations

import time

import pytest

from bundlekit.fleet.shared_rate import SharedRate


class Clock:
    """Goes on by what is slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.slept.append)


def test_uploads_share_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    rate = SharedRate(1000)
    for _ in range(3):  # by three threads at the same time
        rate(500)
    assert clock.slept == [0.5, 1.0, 1.5]
    clock.now += 10
    rate(500)
    assert clock.slept[-1] == 0.5


def test_rate_of_one_counts_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    SharedRate(1000, 100)(50)
    assert clock.slept == [0.5]
