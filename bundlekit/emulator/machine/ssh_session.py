"""A session over SSH: a shell, a command or SFTP, in the machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import termios
from collections.abc import Callable
from typing import Any

import asyncssh
from asyncssh.constants import EXTENDED_DATA_STDERR

from bundlekit.emulator.machine.boot import Program
from bundlekit.emulator.machine.child import pack_size
from bundlekit.emulator.machine.machine import Machine
from bundlekit.emulator.machine.machine_spec import USER
from bundlekit.errors import BundlekitError

_CHUNK = 65536  # bytes; what a pipe holds
_LAST_WORDS = 0.3  # seconds that a terminal is listened to after its program has ended
_SIZE = (24, 80)
_SHELL = "/bin/bash"
_SFTP = "sftp-server"  # found on the PATH of the machine


class SshSession(asyncssh.SSHServerSession[bytes]):
    """Carries bytes between a channel and a program in the machine."""

    def __init__(self, machine: Machine, connection: asyncssh.SSHServerConnection, tell: Callable[[str], None]) -> None:
        self._machine = machine
        self._connection = connection
        self._tell = tell
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._arguments = ["-bash"]
        self._what = "a shell"
        self._terminal: tuple[str, tuple[int, int]] | None = None
        self._program: Program | None = None
        self._master: int | None = None
        self._input: asyncio.WriteTransport | None = None
        self._early: list[bytes] = []
        self._is_said = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._task: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ what the client wants

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def pty_requested(self, term_type: str | None, term_size: tuple[int, int, int, int], term_modes: Any) -> bool:
        columns, rows = term_size[:2]
        self._terminal = (term_type or "dumb", (rows or _SIZE[0], columns or _SIZE[1]))
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._arguments = [_SHELL, "-c", command]
        self._what = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        if subsystem != "sftp":
            return False
        self._arguments, self._what, self._terminal = [_SFTP], "sftp", None
        return True

    def session_started(self) -> None:
        self._task = asyncio.create_task(self._run())

    # ------------------------------------------------------------ what the client says

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._input:
            self._input.write(data)
        elif not self._is_said:
            self._early.append(data)

    def eof_received(self) -> bool:
        self._is_said = True
        if self._master is not None:
            self.data_received(b"\x04", None)
        elif self._input:
            self._input.close()
        return True

    def signal_received(self, signal: str) -> None:
        self._send_signal(signal)

    def break_received(self, msec: int) -> bool:
        self._send_signal("INT")
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self._master is not None:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, pack_size(height, width))

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()
        if self._task:
            self._task.cancel()

    # ------------------------------------------------------------ the program

    async def _run(self) -> None:
        channel = self._channel
        assert channel  # noqa: S101 - the session has started
        self._tell(f"ssh: {_shortened(self._what)}")
        try:
            if self._terminal:
                status = await self._run_on_terminal(channel, *self._terminal)
            else:
                status = await self._run_on_pipes(channel)
        except BundlekitError as error:
            channel.write(f"{error}\n".encode(), EXTENDED_DATA_STDERR)
            status = 255
        except (OSError, asyncssh.Error):
            status = 255
        finally:
            if self._input and not self._input.is_closing():
                self._input.abort()
            if self._master is not None:
                os.close(self._master)
                self._master = None
        if status < 0:
            channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            channel.exit(status)

    async def _run_on_terminal(
        self, channel: asyncssh.SSHServerChannel[bytes], kind: str, size: tuple[int, int]
    ) -> int:
        environment = {**self._environment(channel), "TERM": kind, "SSH_TTY": "/dev/pts/0"}
        program = self._program = await self._machine.spawn(
            self._arguments, user=USER, environment=environment, terminal=size
        )
        if program.terminal is None:
            return 255
        self._master = program.terminal
        reading = asyncio.create_task(self._read(channel, os.dup(self._master)))
        await self._write_to(os.dup(self._master))
        try:
            status = await program.status
            await asyncio.wait([reading], timeout=_LAST_WORDS)
            return status
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _run_on_pipes(self, channel: asyncssh.SSHServerChannel[bytes]) -> int:
        (given, give), (said, say), (complained, complain) = (os.pipe() for _ in range(3))
        reading: list[asyncio.Task[None]] = []
        try:
            reading = [
                asyncio.create_task(self._read(channel, said)),
                asyncio.create_task(self._read(channel, complained, EXTENDED_DATA_STDERR)),
            ]
            try:
                program = self._program = await self._machine.spawn(
                    self._arguments,
                    user=USER,
                    environment=self._environment(channel),
                    files=(given, say, complain),
                )
            finally:
                for each in (given, say, complain):
                    os.close(each)
            await self._write_to(give)
            # What goes on in the background holds the channel open, as under any sshd.
            await asyncio.wait(reading)
            return await program.status
        finally:
            for task in reading:
                task.cancel()
            if reading:
                await asyncio.wait(reading)

    async def _write_to(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        stream = os.fdopen(descriptor, "wb", buffering=0)
        self._input, _ = await loop.connect_write_pipe(lambda: _Flow(self._channel), stream)
        for data in self._early:
            self._input.write(data)
        self._early.clear()
        if self._is_said:
            self.eof_received()

    async def _read(
        self, channel: asyncssh.SSHServerChannel[bytes], descriptor: int, kind: asyncssh.DataType = None
    ) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            with contextlib.suppress(OSError):  # a terminal's end is told as an error
                while data := await reader.read(_CHUNK):
                    await self._may_write.wait()
                    channel.write(data, kind)
        finally:
            transport.close()

    def _environment(self, channel: asyncssh.SSHServerChannel[bytes]) -> dict[str, str]:
        given = {
            key: value for key, value in channel.get_environment().items() if key == "LANG" or key.startswith("LC_")
        }
        client = self._connection.get_extra_info("peername") or ("127.0.0.1", 0)
        server = self._connection.get_extra_info("sockname") or ("127.0.0.1", 22)
        return {
            **given,
            "SSH_CLIENT": f"{client[0]} {client[1]} {server[1]}",
            "SSH_CONNECTION": f"{client[0]} {client[1]} {server[0]} {server[1]}",
        }

    def _send_signal(self, name: str) -> None:
        number = getattr(signal, f"SIG{name}", None)
        if self._program and isinstance(number, signal.Signals):
            self._machine.send_signal(self._program, number)


class _Flow(asyncio.BaseProtocol):
    """Lets the client wait while a program does not read."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes] | None) -> None:
        self._channel = channel

    def pause_writing(self) -> None:
        if self._channel:
            self._channel.pause_reading()

    def resume_writing(self) -> None:
        if self._channel:
            self._channel.resume_reading()


def _shortened(command: str) -> str:
    text = " ".join(command.split())
    if label := re.match(r": ([a-z ]+); ", text):  # what it is, by who sends it
        return label[1]
    return text if len(text) <= 100 else f"{text[:97]}..."
