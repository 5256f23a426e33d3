"""What is looked at and broken on a gateway, from outside of bundlekit: its files, its processes, its answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.box import Machine

_ROOT = "/opt/bundlekit"
# A line a fact; `say` of a folder that is not there says nothing.
_LOOK = r"""
name=$1; b=/opt/bundlekit/bundles/$1
echo "current $(readlink $b/current)"
[ ! -s $b/lock ] || echo "lock $(tr '\n' ' ' <$b/lock)"
[ ! -e $b/journal ] || echo "journal $(tr '\n' ' ' <$b/journal)"
for process in $(pgrep -f '[i]ndex.py'); do
    folder=$(readlink /proc/$process/cwd)
    case $folder in $b/releases/*) echo "runs ${folder##*/} $process" ;; esac
done
for process in $(pgrep -f "[g]ateway.sh (apart|guard|recovery) $name "); do
    [ "$(cut -d ' ' -f 3 /proc/$process/stat 2>/dev/null)" = Z ] || echo "works $process"
done
if [ -d /run/systemd/system ]; then
    systemctl -q is-enabled bundlekit-$name.service 2>/dev/null && echo enabled
else
    [ -e /etc/rc2.d/S*bundlekit-$name ] && echo enabled
fi
for left in $b/releases/.[a-z]* $b/.reserve $b/beside $b/order $b/*.new $b/snapshots/*.new $b/settings/.*.new; do
    [ -e "$left" ] && echo "left ${left#$b/}"
done
for left in /opt/bundlekit/uploads/*; do [ -e "$left" ] && echo "upload ${left##*/}"; done
for info in $b/releases/*.info; do
    [ -e "$info" ] && echo "release $(basename $info .info) $(sed -n 's/^state=//p' $info)"
done
cat /opt/bundlekit/history.1 /opt/bundlekit/history 2>/dev/null |
    awk -F '\t' -v name="$name" '$3 == name { print "act " $4 " " $5 " " $10 " " $11 }'
echo end
"""
# What tells the time to shell scripts; nobody sets the clock of this host.
_DATE = """#!/bin/sh
exec /bin/date -d "@$(($(/bin/date +%s) + $(cat /run/clock 2>/dev/null || echo 0)))" "$@"
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


def prepare(machine: Machine) -> None:
    """Have a gateway told another time as one likes."""
    machine.run("cat >/usr/local/bin/date; chmod 755 /usr/local/bin/date", given=_DATE)


def look(machine: Machine, name: str) -> Facts:
    """Look at what is there of a bundle."""
    said = machine.run(f"set -- {name}\n{_LOOK}").stdout.splitlines()
    assert said[-1:] == ["end"], said
    pairs = (line.partition(" ") for line in said[:-1])
    return Facts(tuple((word, rest) for word, _, rest in pairs))


def phase(machine: Machine, name: str) -> str:
    """The phase that a change is in, by its journal; empty if there is none."""
    journal = machine.root / f"{_ROOT.lstrip('/')}/bundles/{name}/journal"
    with contextlib.suppress(OSError):
        for line in journal.read_text().splitlines():
            if line.startswith("phase="):
                return line.removeprefix("phase=")
    return ""


def wait_until(done: Callable[[], bool], seconds: float, pause: float) -> bool:
    """Whether `done` said yes within so many seconds."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def signal_workers(machine: Machine, name: str, signal: str, *, whose: str = "apart") -> None:
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
    """A new folder for a desk."""
    place = folder / name
    place.mkdir()
    return place
