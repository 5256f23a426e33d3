"""How many gateways a rollout takes at a time, how many may fail, and when it may begin new ones: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time

from bundlekit.errors import BadUsage
from bundlekit.quoting import quoted

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 366 * 86_400  # seconds of any time that a rollout is given
_MOST = 1_000_000  # gateways


@dataclass(frozen=True)
class Share:
    """A number of gateways, or a percentage of all."""

    number: int
    is_percent: bool = False

    def of(self, total: int) -> int:
        """The number that it means, of so many; a percentage is rounded down."""
        return total * self.number // 100 if self.is_percent else self.number

    def __str__(self) -> str:
        return f"{self.number}{'%' * self.is_percent}"


def parse_share(text: str) -> Share:
    """A number such as `5`, or a percentage such as `5%`.

    Raises:
        BadUsage: it is neither.
    """
    found = re.fullmatch(r"(\d{1,7})(%?)", text.strip(), re.ASCII)
    number = int(found[1]) if found else -1
    if not found or number > (100 if found[2] else _MOST):
        raise BadUsage(
            f"{quoted(text)} is not a number of gateways", hint="write a number, such as 5, or a percentage, 5%"
        )
    return Share(number, bool(found[2]))


def parse_waves(text: str) -> tuple[Share, ...]:
    """The sizes of waves, such as `1,5,25%,100%`; the last one is repeated until all gateways had their turn.

    Raises:
        BadUsage: it is no such list, or a wave has nothing in it.
    """
    waves = tuple(parse_share(part) for part in text.split(","))
    if not all(wave.number for wave in waves):
        raise BadUsage(f"{quoted(text)} has an empty wave", hint="each wave needs one gateway or more")
    return waves


def parse_seconds(text: str) -> float:
    """A time such as `90`, `90s`, `10m`, `2h` or `7d`, in seconds.

    Raises:
        BadUsage: it is none.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", text.strip(), re.ASCII)
    seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else -1.0
    if not 0 <= seconds <= _LONGEST:
        raise BadUsage(f"{quoted(text)} is not a time", hint="write 90s, 10m, 2h or 7d; at most a year")
    return seconds


@dataclass(frozen=True)
class Window:
    """The part of a day in which new gateways are begun, by the clock of the controller; it may pass midnight."""

    begin: time
    end: time

    def is_open(self, at: time) -> bool:
        """Whether a gateway may be begun at a time of the day."""
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def parse_window(text: str) -> Window:
    """A part of a day such as `22:00-05:00`.

    Raises:
        BadUsage: it is none, or has no length.
    """
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)", text.strip(), re.ASCII)
    if not found or found[1].zfill(2) + found[2] == found[3].zfill(2) + found[4]:
        raise BadUsage(f"{quoted(text)} is not a part of a day", hint="write it as 22:00-05:00")
    return Window(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))


@dataclass(frozen=True)
class Offline:
    """What becomes of gateways that cannot be reached: they are waited for, left out, or count as failed.

    Attributes:
        way: `wait`, `skip` or `fail`.
        seconds: to wait, from the begin of the rollout.
    """

    way: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"wait={self.seconds:g}s" if self.way == "wait" else self.way


def parse_offline(text: str) -> Offline:
    """`wait=7d`, `skip` or `fail`.

    Raises:
        BadUsage: it is none of them.
    """
    way, equals, rest = text.partition("=")
    if way == "wait" and equals:
        return Offline("wait", parse_seconds(rest))
    if text in ("skip", "fail"):
        return Offline(text)
    raise BadUsage(f"{quoted(text)} is not a way to treat offline gateways", hint="write wait=7d, skip or fail")


@dataclass(frozen=True)
class Policy:
    """How a rollout goes on.

    Attributes:
        waves: their sizes; the last one is repeated.
        soak: seconds that a release has to run well before its wave counts as done.
        max_failed: as many may fail, of those that were tried; one more stops the rollout.
        min_tried: so many have to be tried before `max_failed` counts.
        offline: what becomes of those that cannot be reached.
        jobs: as many gateways are worked on at a time.
        per_jump_host: as many of them by way of one jump host.
        window: when new ones are begun; None for always.
        on_abort: `pause`, or `rollback` of those that have the new release.
        seed: of the order and of the pauses; None for the order of the inventory.
    """

    waves: tuple[Share, ...] = field(default=(Share(100, is_percent=True),))
    soak: float = 0.0
    max_failed: Share = Share(0)
    min_tried: int = 1
    offline: Offline = Offline("skip")
    jobs: int = 50
    per_jump_host: int = 10
    window: Window | None = None
    on_abort: str = "pause"
    seed: int | None = None
