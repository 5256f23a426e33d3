"""The machine from a boot to its end: its processes, and what is said between them and the gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bundlekit
from bundlekit.emulator.machine.forbidden import forbidden
from bundlekit.emulator.machine.ipc_messages import LARGEST, receive, send
from bundlekit.emulator.machine.machine_spec import MachineSpec
from bundlekit.emulator.relay import Relay
from bundlekit.errors import CouldNotRun

_PATIENCE = 30.0  # seconds that a stop in order may take
_START = (
    "import socket, sys; sys.path.append(sys.argv[3]); from bundlekit.emulator.machine.init import main; "
    "sys.exit(main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])))"
)


@dataclass
class Program:
    """A program that runs in the machine.

    Attributes:
        terminal: a file descriptor of its terminal's other end, which whoever asked for one owns; or None.
        status: set once it has ended: its exit status, or the number of a signal below 0.
    """

    id: int
    terminal: int | None = None
    status: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Boot:
    """A machine from its boot to its end."""

    def __init__(self, spec: MachineSpec, log: Path, relays: Mapping[int, Callable[[socket.socket], Relay]]) -> None:
        self._spec = spec
        self._log = log
        self._make_relay = relays
        self._relays: list[Relay] = []
        self._programs: dict[int, Program] = {}
        self._started: dict[int, asyncio.Future[Program]] = {}
        self._reading: list[asyncio.Future[str]] = []
        self._control: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._init: int | None = None
        self._events: asyncio.Task[None] | None = None
        self._booted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_lost = False
        self.wants_reboot = False

    async def start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        self._control = ours
        arguments = [str(theirs.fileno()), str(os.getpid()), str(Path(bundlekit.__file__).resolve().parent.parent)]
        with theirs, self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-ISB",
                "-c",
                _START,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env={"LANG": "C.UTF-8", "PATH": os.defpath},
            )
        self._events = asyncio.create_task(self._listen())
        self.ask(self._spec.to_json())
        await self._booted

    def ask(self, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
        """Send a message to process number 1; where it is gone already, nobody hears it.

        Raises:
            CouldNotRun: it is too long.
        """
        if not self._control:
            return
        try:
            send(self._control, message, files)
        except (BrokenPipeError, ConnectionResetError):
            return
        except OSError as error:
            raise CouldNotRun(f"the machine does not accept its orders: {error.strerror}") from error

    async def spawn(self, id: int, message: Mapping[str, Any], files: Sequence[int]) -> Program:
        started: asyncio.Future[Program] = asyncio.get_running_loop().create_future()
        self._started[id] = started
        self._programs[id] = Program(id)
        try:
            self.ask(message, files)
            if self._is_lost:
                self._lose_all()
            return await started
        finally:
            self._started.pop(id, None)

    async def read(self, path: str) -> str:
        if self._is_lost:
            return ""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading.append(answer)
        self.ask({"do": "read", "path": path})
        return await answer

    async def shut_down(self) -> None:
        self.ask({"do": "stop"})
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """End all in it at once."""
        for pid in (self._init, self._process.pid if self._process and self._process.returncode is None else None):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Returns the exit status once all in it has ended."""
        status = await self._process.wait() if self._process else 1
        self._init = None
        if self._events:
            await asyncio.wait([self._events])
        return status

    async def clear(self) -> None:
        for relay in self._relays:
            await relay.stop()
        if self._events:
            self._events.cancel()
        if self._control:
            self._control.close()
            self._control = None

    async def _listen(self) -> None:
        """Take in what process number 1 tells. It may be anything: whoever is root inside might speak for it."""
        assert self._control  # noqa: S101 - set before
        control = self._control
        loop = asyncio.get_running_loop()
        try:
            while True:
                readable = asyncio.Event()
                loop.add_reader(control, readable.set)
                await readable.wait()
                loop.remove_reader(control)
                try:
                    event, files = receive(control)
                except BlockingIOError:
                    continue
                except (OSError, ValueError):
                    return
                if not isinstance(event, dict):
                    return
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    await self._hear(event, files)
        finally:
            loop.remove_reader(control)
            self._lose_all()

    def _lose_all(self) -> None:
        self._is_lost = True
        if not self._booted.done():
            self._booted.set_exception(
                CouldNotRun("the machine did not come up", hint=f"see the end of {self._log}", details=_end(self._log))
            )
        for answer in self._reading:
            if not answer.done():
                answer.set_result("")
        for id, program in list(self._programs.items()):
            _settle(program.status, 255)
            if started := self._started.get(id):
                _settle(started, program)
        self._programs.clear()

    async def _hear(self, event: Mapping[str, Any], files: list[int]) -> None:
        program = self._programs.get(event.get("id", 0))
        match event.get("event"):
            case "launched":
                self._init = self._init or int(event["pid"])
            case "forbidden" if not self._booted.done():
                self._booted.set_exception(forbidden(str(event["step"]), int(event["errno"])))
            case "damaged" if not self._booted.done():
                self._booted.set_exception(
                    CouldNotRun(
                        f"the machine does not boot with the files that it has: {event['text']}",
                        kept="they were left as they are",
                        hint=f"correct them in {self._spec.root}, or start again with --reset",
                    )
                )
            case "ready":
                for port, listening in zip(self._spec.ports, files, strict=False):
                    relay = self._make_relay[port](socket.socket(fileno=listening))
                    self._relays.append(relay)
                    await relay.start()
                files = []
            case "booted" if not self._booted.done():
                self._booted.set_result(None)
            case "started" if program and (started := self._started.get(program.id)):
                if files:
                    program.terminal = files.pop()
                _settle(started, program)
            case "exited" if program:
                _settle(program.status, int(event["status"]))
                if started := self._started.get(program.id):
                    _settle(started, program)
                del self._programs[program.id]
            case "read" if self._reading:
                _settle(self._reading.pop(0), str(event["text"]))
        for each in files:
            os.close(each)


def _settle(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _end(log: Path) -> tuple[str, ...]:
    try:
        return tuple(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return ()
