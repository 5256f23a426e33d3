from __future__ import annotations

from datetime import time

import pytest

from bundlekit.errors import BadUsage
from bundlekit.fleet.waves import (
    Offline,
    Share,
    Window,
    parse_offline,
    parse_seconds,
    parse_share,
    parse_waves,
    parse_window,
)


def test_waves_are_numbers_and_percentages() -> None:
    waves = parse_waves("1,5, 25%,100%")
    assert waves == (Share(1), Share(5), Share(25, is_percent=True), Share(100, is_percent=True))
    assert [wave.of(30) for wave in waves] == [1, 5, 7, 30]


@pytest.mark.parametrize("text", ["", "0", "1,0%", "x", "1,,2", "101%", "-1", "1 2", "\uff11", "9999999999"])
def test_waves_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        parse_waves(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("7d", 604_800), ("0.5h", 1800)]
)
def test_time_is_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1", "1w", "nan", "inf", "1e9", "400d", "1 m"])
def test_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        parse_seconds(text)


def test_share_of_none_may_fail() -> None:
    assert parse_share("0") == Share(0)
    assert parse_share("5%").of(19) == 0
    assert parse_share("5%").of(20) == 1


def test_window_passes_midnight() -> None:
    night = parse_window("22:00-05:00")
    assert [hour for hour in range(24) if night.is_open(time(hour))] == [0, 1, 2, 3, 4, 22, 23]
    day = parse_window("8:00-17:30")
    assert day == Window(time(8), time(17, 30))
    assert [day.is_open(at) for at in (time(7, 59), time(8), time(17, 29), time(17, 30))] == [False, True, True, False]


@pytest.mark.parametrize("text", ["", "22-5", "22:00", "24:00-01:00", "22:60-23:00", "5:00-05:00", "22:00-05:00-06:00"])
def test_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        parse_window(text)


def test_offline_is_waited_for_left_out_or_failed() -> None:
    assert parse_offline("wait=7d") == Offline("wait", 604_800)
    assert parse_offline("skip") == Offline("skip")
    assert parse_offline("fail") == Offline("fail")
    for text in ("", "wait", "wait=", "skip=1", "never"):
        with pytest.raises(BadUsage):
            parse_offline(text)
