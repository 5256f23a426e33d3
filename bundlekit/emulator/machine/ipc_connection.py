"""A program in the machine that asks process number 1 for something."""

from __future__ import annotations

import contextlib
import socket
import struct
from pathlib import Path
from typing import Any

from bundlekit.emulator.machine.ipc_messages import send


class IpcConnection:
    """A program inside that asks."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.gone = False
        self.proved = False
        self.child = 0
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.pid = struct.unpack("iII", credentials)[0]
        self.is_root = self._is_root()
        self.place = self._place()

    def reply(self, message: dict[str, Any], files: list[int] | None = None) -> None:
        """Tell it something. One that is gone, or that lets answers pile up, is done with."""
        if self.gone:
            return
        try:
            send(self.connection, message, files or [])
        except OSError:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def _is_root(self) -> bool:
        try:
            return Path(f"/proc/{self.pid}/ns/user").readlink() == Path("/proc/self/ns/user").readlink()
        except OSError:
            return False

    def _place(self) -> tuple[str, ...]:
        """For what a password is remembered: a session, and the terminal that it is on."""
        try:
            session, terminal = _stat(self.pid)[3:5]
            return (session, _stat(int(session))[19], terminal)
        except (OSError, ValueError, IndexError):
            return ("none", str(self.pid))


def _stat(pid: int) -> list[str]:
    """The fields of a process's status that follow its name: its state, its parent, and so on."""
    # The name itself may be any bytes.
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()
