"""A ProxyCommand of the ssh configuration, in place of a TCP socket."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
from typing import IO

from bundlekit.quoting import for_terminal

_LONGEST_COMPLAINT = 16_384  # bytes
_LAST_WORDS = 0.5  # seconds that they may come after the output
_FAREWELL = 2.0  # seconds for its end


class Proxy:
    """A command that connects, as paramiko takes a socket.

    paramiko's own waits for as many bytes as it asks for, goes on asking a command that has ended, and leaves what it
    complains of unread.
    """

    def __init__(self, command: str) -> None:
        """Start it by a shell, as OpenSSH does it: some redirect what their command says.

        Raises:
            OSError: there is no shell.
        """
        self._process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - as ordered
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._timeout: float | None = None
        self._complaint = bytearray()
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        return self._timeout

    def recv(self, size: int) -> bytes:
        """What is there; empty at the end.

        Raises:
            TimeoutError: there is nothing yet.
            PacketTooLong: a server wants to send so much at once.
        """
        from bundlekit.ssh.transport import check_packet

        check_packet(size)
        waiting = select.poll()
        waiting.register(self._stdout, select.POLLIN)
        if not waiting.poll(None if self._timeout is None else self._timeout * 1000):
            raise TimeoutError
        return os.read(self._stdout, size)

    def send(self, data: bytes) -> int:
        return os.write(self._stdin, data)

    def close(self) -> None:
        """End it. What it leaves behind it ends at the end of its input, as that of ssh does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def _closed(self) -> bool:
        return self._process.poll() is not None

    @property
    def complaint(self) -> tuple[str, ...]:
        """The last lines that it said on standard error, fit for a terminal."""
        self._listener.join(_LAST_WORDS)
        text = self._complaint.decode("utf-8", "replace")
        return tuple(for_terminal(line) for line in text.splitlines()[-5:] if line.strip())

    def _listen(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while part := os.read(stream.fileno(), 4096):
                self._complaint += part
                del self._complaint[:-_LONGEST_COMPLAINT]
