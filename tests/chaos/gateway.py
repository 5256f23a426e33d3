"""What is looked at and broken on a gateway, from outside of bundlekit: its files, its processes, its answers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.box import Machine
from tests.box.host import root_prefix

_HERE = Path(__file__).parents[2]
# What tells the time to shell scripts; nobody sets the clock of this host.
_DATE = """#!/bin/sh
read -r ahead 2>/dev/null </run/clock || exec /bin/date "$@"
exec /bin/date -d "@$(($(/bin/date +%s) + ahead))" "$@"
"""


@dataclass(frozen=True)
class Facts:
    """What is there of a bundle, by words, each with what was said about it."""

    lines: tuple[tuple[str, str], ...]

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.lines if found == word]

    @property
    def current(self) -> str:
        return "".join(self.all("current")).removeprefix("releases/")

    @property
    def running(self) -> list[str]:
        """The releases that run, once a process."""
        return [line.split()[0] for line in self.all("runs")]

    @property
    def is_quiet(self) -> bool:
        """Whether nobody works on it, nor says so."""
        return not (self.all("works") or self.all("lock") or self.all("journal"))


class Watch:
    """Whoever tells what there is on the gateways of this host. A context manager."""

    def __enter__(self) -> Self:
        command = [*root_prefix(), sys.executable, "-m", "tests.chaos.watch"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_HERE)
        self._asking = threading.Lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def look(self, machine: Machine, name: str) -> Facts:
        """Look at what there is of a bundle."""
        assert self._process.stdin
        assert self._process.stdout
        with self._asking:
            self._process.stdin.write(json.dumps([str(machine.root), name]) + "\n")
            self._process.stdin.flush()
            said = self._process.stdout.readline()
        return Facts(tuple((word, rest) for word, rest in json.loads(said)))


def prepare(machine: Machine) -> None:
    """Have a gateway told another time as one likes."""
    machine.run("cat >/usr/local/bin/date; chmod 755 /usr/local/bin/date", given=_DATE)


def phase(machine: Machine, name: str) -> str:
    """The phase that a change is in, by its journal, in which the last one counts; empty if there is none."""
    with contextlib.suppress(OSError):
        lines = (machine.root / f"opt/bundlekit/bundles/{name}/journal").read_text().split("\nphase=")
        return lines[-1].partition("\n")[0] if len(lines) > 1 else ""
    return ""


def wait_until(done: Callable[[], bool], seconds: float, pause: float) -> bool:
    """Whether `done` said yes within so many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def signal_workers(machine: Machine, name: str, signal: str, *, whose: str = "worker") -> None:
    """Send a signal to those who work on a bundle, and to what they have started."""
    machine.run(
        f"for process in $(pgrep -f '[g]ateway.sh ({whose}) {name} '); do"
        f" kill -{signal} $(pgrep -s $(ps -o sid= -p $process)) 2>/dev/null; done; true"
    )


def kill_worker(machine: Machine, name: str, whose: str) -> None:
    """End those who work on a bundle, and nothing that they have started."""
    machine.run(f"kill -KILL $(pgrep -f '[g]ateway.sh ({whose}) {name} ') 2>/dev/null; true")


def fill(machine: Machine, left: int) -> None:
    """Leave so many bytes on its disk."""
    machine.run(
        f"free=$(($(stat -f -c '%a * %S' /opt) - {left})); [ $free -le 0 ] || fallocate -l $free /opt/filling",
        check=False,
    )


def make_room(machine: Machine) -> None:
    machine.run("rm -f /opt/filling")


def set_clock(machine: Machine, seconds: int) -> None:
    """Tell it a time that is so many seconds away from the right one."""
    machine.run(f"echo {seconds} >/run/clock")


def home(folder: Path, name: str) -> Path:
    """A new folder for a workstation."""
    place = folder / name
    place.mkdir()
    return place
