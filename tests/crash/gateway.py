"""Booted gateways whose /etc and /opt are on a disk that is put in, cut off and exchanged."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.box import Box, PlainBox
from tests.box.front import Front
from tests.box.host import as_root, root_prefix
from tests.box.machine import Machine
from tests.crash.disk import MODES

_PATIENCE = 60.0  # seconds

_RUN_LEVEL_2 = "for script in /etc/rc2.d/S*; do $script start; done; exec sleep 100000000"  # busybox knows no infinity


class OnDisk(Machine):
    """A gateway that is booted again and again, each time with the disk that is in.

    Broker and REST front stay in its network all the time: they are not what is tested, and take longest to start.
    """

    shell = "dash"
    _broker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make all but the gateway itself, which wants a disk."""
        try:
            self._place.make(self._base)
            self._write_client_files()
            as_root(["rm", "-f", self.root / "lib/systemd/system/mosquitto.service"])
            if self.shell != "dash":
                as_root(["ln", "-sf", f"/bin/{self.shell}", self.root / "bin/sh"])
            inside = [*root_prefix(), "nsenter", f"--net={self._place.namespace}"]
            configuration = self._place.folder / "mosquitto.conf"
            configuration.write_text("listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n")
            command = [*inside, "/usr/sbin/mosquitto", "-c", str(configuration)]
            with (self._place.folder / "mosquitto.log").open("wb") as log:
                self._broker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._front = Front(self._place)
            self._wait_for(self._front.answers)
        except BaseException:
            self.stop()
            raise

    @contextmanager
    def disk(self, device: Path, mode: str) -> Iterator[None]:
        """Put a disk in; it is taken out when the gateway is off.

        Args:
            device: a file with an ext4 that has `etc` and `opt`.
            mode: of `MODES`.
        """
        place = self.root / "mnt"
        as_root(["mount", "-t", "ext4", "-o", f"loop,{MODES[mode]}", device, place])
        as_root(["mount", "--bind", place / "etc", self.root / "etc"])
        as_root(["mount", "--bind", place / "opt", self.root / "opt"])
        try:
            yield
        finally:
            if self._nspawn and self._nspawn.poll() is None:
                self.power_cut()
            self._off()
            for mounted in (self.root / "etc", self.root / "opt", place):
                as_root(["umount", mounted])

    def boot(self) -> None:
        """Switch it on. Returns when SSH answers."""
        self._launch()
        self._wait_for(self._ssh_answers)

    def sync(self) -> None:
        """Have all that was written on the disk."""
        as_root(["sync", "-f", self.root / "mnt"])

    def stop(self) -> None:
        """Throw it away with all that it left on this host."""
        if self._place.slot.is_held:
            front, self._front = self._front, None
            super().stop()
            if front:
                front.stop()
            if self._broker:
                self._broker.wait(_PATIENCE)

    def _off(self) -> None:
        if self._nspawn:
            self._nspawn.wait(_PATIENCE)
            self._nspawn = None

    def _wait_for(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            if self._nspawn:
                self._alive()
            try:
                if answers():
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, "the gateway does not answer"
            time.sleep(0.02)


class SystemdOnDisk(OnDisk, Box):
    """One with systemd."""


class PlainOnDisk(OnDisk, PlainBox):
    """One without systemd."""

    program = ("--as-pid2", "/bin/sh", "-c", _RUN_LEVEL_2)
