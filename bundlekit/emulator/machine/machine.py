"""The machine as the gateway has it: switched on and off, and programs started in it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bundlekit.emulator.lifecycle import Service
from bundlekit.emulator.machine.boot import Boot, Program
from bundlekit.emulator.machine.machine_spec import REBOOT, MachineSpec
from bundlekit.emulator.relay import Relay
from bundlekit.errors import BundlekitError, CouldNotRun


class Machine(Service):
    """A machine that lives in a folder. What it is asked for it does once it is on; a reboot goes unnoticed.

    Args:
        spec: of it, made anew at each boot.
        log: takes what its process number 1 complains of.
        relays: what answers on the ports of its own loopback, by port.
        tell: hears of boots and reboots, a line each.
    """

    def __init__(
        self,
        spec: Callable[[], MachineSpec],
        *,
        log: Path,
        relays: Mapping[int, Callable[[socket.socket], Relay]] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._spec = spec
        self._log = log
        self._make_relay = dict(relays or {})
        self._tell = tell
        self._running: Boot | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_on = asyncio.Event()
        self._serial = 0
        self._failure: Exception | None = None

    async def start(self) -> None:
        """Returns when it is booted.

        Raises:
            CouldNotRun: this host does not let an ordinary user make one.
        """
        self._failure = None
        await self._boot()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Shut it down in order: what is deployed is stopped, then everything else ended."""
        await self._leave_alone()
        if self._running:
            await self._running.shut_down()
            await self._off()

    async def reboot(self) -> None:
        """Shut it down in order and boot it again; returns when it is booted."""
        if running := self._running:
            self._is_on.clear()
            running.wants_reboot = True
            await running.shut_down()
            await self._when_on()

    async def power_cut(self) -> None:
        """Everything in it is gone at once; it is off until `start`."""
        await self._leave_alone()
        if self._running:
            self._running.kill()
            await self._running.wait()
            await self._off()

    def set_hostname(self, name: str) -> None:
        """Give it a name, now and after each boot."""
        if self._running:
            self._running.ask({"do": "hostname", "name": name})

    async def read(self, path: str) -> str:
        """What a file in it holds, as its root sees it; nothing where there is none."""
        return await (await self._when_on()).read(path)

    async def spawn(
        self,
        arguments: Sequence[str],
        *,
        user: str,
        environment: Mapping[str, str],
        files: Sequence[int] = (),
        terminal: tuple[int, int] | None = None,
    ) -> Program:
        """Start a program in it.

        Args:
            arguments: the program and its arguments.
            user: "root" or "moxa".
            environment: added to what a log-in of that user has.
            files: what it gets as standard input, output and error; still the caller's to close.
            terminal: rows and columns of a terminal to run it on in place of the files.
        """
        running = await self._when_on()
        self._serial += 1
        message = {
            "do": "spawn",
            "id": self._serial,
            "arguments": list(arguments),
            "user": user,
            "environment": dict(environment),
            "terminal": list(terminal) if terminal else None,
        }
        return await running.spawn(self._serial, message, files)

    def send_signal(self, program: Program, number: int) -> None:
        """Send a signal to a program and what it has started in its process group."""
        if self._running:
            self._running.ask({"do": "signal", "id": program.id, "number": int(number)})

    async def _when_on(self) -> Boot:
        while True:
            await self._is_on.wait()
            if self._running:
                return self._running
            if self._failure:
                raise CouldNotRun(f"the machine is off: {self._failure}")

    async def _boot(self) -> None:
        self._running = Boot(self._spec(), self._log, self._make_relay)
        try:
            await self._running.start()
        except BaseException:
            self._running.kill()
            await self._running.wait()
            await self._off()
            raise
        self._is_on.set()

    async def _leave_alone(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None

    async def _keep(self) -> None:
        """Boot it again when it has ended: it was asked to, or it has broken down."""
        while self._running:
            running = self._running
            status = await running.wait()
            self._is_on.clear()
            is_wanted = status == REBOOT or running.wants_reboot
            self._tell("the machine reboots" if is_wanted else f"the machine has ended with status {status}; it boots")
            await self._off()
            if not is_wanted:
                await asyncio.sleep(1)
            try:
                await self._boot()
            except (BundlekitError, OSError) as error:
                self._tell(f"the machine does not boot again: {error}")
                self._failure = error
                self._is_on.set()  # who waits for it waits in vain
                return

    async def _off(self) -> None:
        self._is_on.clear()
        if self._running:
            await self._running.clear()
            self._running = None
