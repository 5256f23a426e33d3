"""A place for one box on this host: a number that nobody else has, a name and a pair of addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from tests.box.host import Unavailable

_PREFIX = "bundlekit-"
_SLOTS = 512
# For benchmarks between networks (RFC 2544), so nothing real is behind these.
_FIRST = IPv4Address("198.18.64.0")


@dataclass(frozen=True)
class Slot:
    """Held as long as `lock` is open; the kernel lets go of it when its process ends, however it ends."""

    number: int
    lock: socket.socket = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the machine, the network namespace and the folder."""
        return f"{_PREFIX}{self.number}"

    @property
    def host_address(self) -> str:
        return str(_FIRST + 4 * self.number + 1)

    @property
    def address(self) -> str:
        return str(_FIRST + 4 * self.number + 2)

    @property
    def is_held(self) -> bool:
        return self.lock.fileno() != -1

    def release(self) -> None:
        self.lock.close()


def hold(number: int) -> Slot | None:
    """The slot with that number, or None where a process on this host has it."""
    # An abstract socket: its reach, all users of this network, is that of the addresses too.
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lock.bind(f"\0{_PREFIX}box-{number}")
    except OSError:
        lock.close()
        return None
    return Slot(number, lock)


def take() -> Slot:
    """The first free slot.

    Raises:
        Unavailable: all are taken.
    """
    for number in range(_SLOTS):
        if slot := hold(number):
            return slot
    raise Unavailable(f"{_SLOTS} boxes run on this host already")


def left_behind(names: set[str]) -> Iterator[Slot]:
    """Slots that things are named after and that nobody holds any more. Held while they are looked at."""
    for name in sorted(names):
        number = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or not number.isdecimal():
            continue
        if slot := hold(int(number)):
            yield slot
            slot.release()
