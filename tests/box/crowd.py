"""Many small gateways in one booted box, at a fraction of the price of as many boxes.

Each has a file system, processes, users, and an SSH server at a port of its own. What a client does there is real: the
log-in, sudo, the script, Python 2.7. They have no systemd, so that the script uses init scripts, and neither a broker
nor a REST API: tests/fixtures/small is a bundle that needs none.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.box.machine import Box

_FIRST_PORT = 10_000
_PATIENCE = 120.0  # seconds; hundreds of them boot at once


@dataclass(frozen=True)
class SmallGateway:
    """One of a crowd, by its number, from 1."""

    number: int

    @property
    def name(self) -> str:
        """For an inventory."""
        return f"gw{self.number:03}"

    @property
    def port(self) -> int:
        """Of its SSH server, at the address of the box."""
        return _FIRST_PORT + self.number


class Crowd:
    """So many gateways in a box that runs. A context manager; they end with the box."""

    def __init__(self, box: Box, count: int) -> None:
        self.box = box
        self.gateways = [SmallGateway(number) for number in range(1, count + 1)]

    def __enter__(self) -> Self:
        self.box.put(Path(__file__).with_name("crowd.sh"), "/root/crowd.sh")
        self.boot(self.gateways)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power(self.gateways)

    def boot(self, gateways: Iterable[SmallGateway]) -> None:
        """Switch some on, and wait for their SSH servers."""
        waiting = list(gateways)
        self._order("boot", waiting)
        deadline = time.monotonic() + _PATIENCE
        while waiting:
            listening = self.box.run("cat /proc/net/tcp").stdout
            waiting = [one for one in waiting if f":{one.port:04X} 00000000:0000 0A" not in listening]
            assert time.monotonic() < deadline, self.box.run(f"cat /crowd/{waiting[0].number}/console").stdout
            time.sleep(0.05)

    def cut_power(self, gateways: Iterable[SmallGateway]) -> None:
        """All that runs on them is gone at once."""
        self._order("off", gateways)

    def run(self, command: str, gateways: Iterable[SmallGateway]) -> None:
        """Run a shell command on each of them as root."""
        self._order("run", gateways, command)

    def histories(self) -> dict[str, list[list[str]]]:
        """What each gateway remembers of its changes, by its name: the fields of each line."""
        script = 'cd /crowd && for file in */upper/opt/bundlekit/history; do sed "s,^,${file%%/*}\t," "$file"; done'
        found: dict[str, list[list[str]]] = {one.name: [] for one in self.gateways}
        for line in self.box.run(script, check=False).stdout.splitlines():
            number, *fields = line.split("\t")
            found[SmallGateway(int(number)).name].append(fields)
        return found

    def _order(self, verb: str, gateways: Iterable[SmallGateway], command: str = "") -> None:
        words = [verb, command, *(f"{one.number}:{one.port}" for one in gateways)]
        self.box.run("sh /root/crowd.sh " + shlex.join(words), timeout=600)
