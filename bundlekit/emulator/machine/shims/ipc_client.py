"""How a program in the machine asks process number 1."""

from __future__ import annotations

import socket
from typing import Any

from bundlekit.emulator.machine.ipc_messages import receive, send
from bundlekit.emulator.machine.machine_spec import SOCKET


class IpcClient:
    """A conversation."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(SOCKET)

    def say(self, what: str, files: list[int] | None = None, **fields: Any) -> None:
        send(self.socket, {"ask": what, **fields}, files or [])

    def hear(self) -> tuple[dict[str, Any], list[int]]:
        """What it says next, and the files that come along.

        Raises:
            EOFError: it says nothing any more.
        """
        message, files = receive(self.socket)
        if message is None:
            raise EOFError
        return message, files

    def ask(self, what: str, files: list[int] | None = None, **fields: Any) -> dict[str, Any]:
        self.say(what, files, **fields)
        return self.hear()[0]
