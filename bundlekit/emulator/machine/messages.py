"""Messages of the machine: JSON over sockets that keep them apart, files along with them."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST = 1 << 20  # bytes of a message


def send(where: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message, and copies of files with it."""
    socket.send_fds(where, [json.dumps(message).encode()], list(files))


def receive(where: socket.socket) -> tuple[Any, list[int]]:
    """The next message, and the files that came with it; None at the end.

    Raises:
        ValueError: it is none.
    """
    text, files, _, _ = socket.recv_fds(where, LARGEST, 8)
    return (json.loads(text) if text else None), list(files)
