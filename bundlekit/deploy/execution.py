"""One command on the gateway, run over a channel of its own: bounded memory, no dead-lock, no endless wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.deploy.command import Call
from bundlekit.deploy.events import PROTOCOL, parse_event, printable

if TYPE_CHECKING:
    import paramiko

_LONGEST_LINE = 65_536
_LONGEST_PREAMBLE = 1_000  # lines, before the script's greeting
_LONGEST_COMPLAINT = 16_384
_LAST_WORDS = 10.0  # seconds that the exit status may come after the output


class Execution:
    """A running command.

    Attributes:
        greeted: whether the script has begun; what the login shell printed before its greeting is dropped.
    """

    def __init__(self, transport: paramiko.Transport, call: Call, silence: float) -> None:
        """Start it, send its standard input, and wait for the script's greeting or for the end.

        Args:
            transport: logged in.
            call: what to run.
            silence: seconds without a byte after which TimeoutError is raised.

        Raises:
            OSError, EOFError, paramiko.SSHException: the connection broke. TimeoutError: see `silence`.
        """
        self._channel = transport.open_session(timeout=silence)
        self._channel.settimeout(silence)
        self._channel.exec_command(call.command)
        self._complaint = bytearray()
        # Left unread, two megabytes of it would stop both sides.
        threading.Thread(target=self._read_complaint, daemon=True).start()
        try:
            self._channel.sendall(call.stdin)
        except OSError:
            if not self._channel.exit_status_ready():
                raise
        self._channel.shutdown_write()
        self._output = self._channel.makefile("rb")
        self.greeted = any(
            self._is_greeting(line) for line, _ in zip(self.lines(), range(_LONGEST_PREAMBLE), strict=False)
        )

    def lines(self) -> Iterator[str]:
        """The lines that are still to come, without their ends."""
        while line := self._output.readline(_LONGEST_LINE):
            yield line.decode("utf-8", "replace").rstrip("\n")

    def status(self) -> int | None:
        """The exit status, once the output has ended; None if the gateway does not tell it."""
        self._channel.status_event.wait(_LAST_WORDS)
        return self._channel.exit_status if self._channel.exit_status_ready() else None

    def complaint(self) -> str:
        """What came on standard error, fit for a terminal."""
        return printable(self._complaint.decode("utf-8", "replace")).strip()

    @staticmethod
    def _is_greeting(line: str) -> bool:
        event = parse_event(line)
        return event.word == "hello" and event.field(0) == PROTOCOL

    def _read_complaint(self) -> None:
        try:
            while part := self._channel.recv_stderr(4096):
                self._complaint += part[: max(_LONGEST_COMPLAINT - len(self._complaint), 0)]
        except OSError:
            return
