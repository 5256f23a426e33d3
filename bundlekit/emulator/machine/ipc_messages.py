"""Messages of the machine: JSON over sockets that keep them apart, files along with them."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LARGEST = 1 << 20  # bytes of a message
_MOST_FILES = 8  # descriptors with a message; a program has three


def send(where: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message, and copies of files with it.

    Args:
        where: a socket between processes of this machine.
        message: that JSON takes.
        files: descriptors; the other side gets copies.
    """
    socket.send_fds(where, [json.dumps(message).encode()], list(files))


def receive(where: socket.socket) -> tuple[Any, list[int]]:
    """The next message, and the files that came with it; None at the end.

    Raises:
        ValueError: it is none.
    """
    room = socket.CMSG_LEN(_MOST_FILES * array.array("i").itemsize)
    text, extras, _, _ = where.recvmsg(LARGEST, room, socket.MSG_CMSG_CLOEXEC)
    files = array.array("i")
    for _level, _kind, data in extras:
        files.frombytes(data[: len(data) - len(data) % files.itemsize])
    try:
        if text:
            return json.loads(text), list(files)
    except (ValueError, RecursionError) as error:
        close(files)
        raise ValueError("that is no message") from error
    close(files)
    return None, []


def close(files: Iterable[int]) -> None:
    """Close files that came with a message."""
    for each in files:
        os.close(each)
