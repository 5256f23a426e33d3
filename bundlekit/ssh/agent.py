"""The keys of an SSH agent: only one that answers soon and makes sense is listened to."""

from __future__ import annotations

import base64
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bundlekit.quoting import for_terminal
from bundlekit.ssh.certificates import certified_key, parse_certificate

if TYPE_CHECKING:
    import paramiko

_SOCKET_VARIABLE = "SSH_AUTH_SOCK"
_PATIENCE = 5.0  # seconds; keys are listed without anybody being asked
_LONGEST = 256 * 1024  # bytes of an answer, and
_MOST = 2048  # keys in it, as in OpenSSH
_REQUEST_IDENTITIES = b"\0\0\0\1\x0b"  # SSH_AGENTC_REQUEST_IDENTITIES
_IDENTITIES_ANSWER = 12  # the number of that message in the protocol of agents


class AgentUnfit(Exception):
    """There is an agent, and it is of no use; says why."""


def keys_of(place: str) -> list[paramiko.AgentKey]:
    """The keys that an agent has; none where there is no agent.

    Args:
        place: its socket.

    Raises:
        AgentUnfit: it does not answer, or not as an agent does.
    """
    import paramiko

    if not hasattr(socket, "AF_UNIX"):  # the agents of Windows are at no socket
        return []
    try:
        # paramiko itself would wait for ever, and take any number of keys.
        stream = socket.socket(socket.AF_UNIX)
        with stream:
            stream.settimeout(_PATIENCE)
            stream.connect(place)
            _check(stream)
        with _agent_at(place):
            return list(paramiko.Agent().get_keys())
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return []
    except TimeoutError as error:
        raise AgentUnfit(f"says nothing for {_PATIENCE:g} s") from error
    except (OSError, EOFError, ValueError, paramiko.SSHException) as error:
        raise AgentUnfit(f"does not answer as an agent does: {getattr(error, 'strerror', None) or error}") from error


def name_and_certificate(key: paramiko.AgentKey) -> tuple[str, bytes, bytes]:
    """What an agent's key is called, its public half as it travels, and its certificate as it would stand in a file.

    The certificate is empty for a key alone.
    """
    name = f"{for_terminal(key.comment or key.get_name())} (in the agent)"
    text = f"{key.get_name()} {base64.b64encode(key.blob).decode()}".encode()
    certificate = parse_certificate(text)
    return (name, key.blob, b"") if certificate is None else (name, certified_key(certificate), text)


def _check(stream: socket.socket) -> None:
    """Ask for the keys, and see that the answer has the form that OpenSSH gives it (its PROTOCOL.agent)."""
    end = time.monotonic() + _PATIENCE
    stream.sendall(_REQUEST_IDENTITIES)
    size = int.from_bytes(_read(stream, 4, end))
    if not 5 <= size <= _LONGEST:
        raise ValueError(f"it announces {size} bytes")
    answer = _read(stream, size, end)
    count, place = int.from_bytes(answer[1:5]), 5
    if answer[0] != _IDENTITIES_ANSWER or count > _MOST:
        raise ValueError("it does not list keys")
    for _ in range(2 * count):  # a key, and its comment
        place += 4 + int.from_bytes(answer[place : place + 4])
    if place > size:
        raise ValueError("its list breaks off")


def _read(stream: socket.socket, size: int, end: float) -> bytes:
    data = b""
    while len(data) < size:
        stream.settimeout(max(end - time.monotonic(), 0.01))
        part = stream.recv(size - len(data))
        if not part:
            raise EOFError("it hung up")
        data += part
    return data


@contextmanager
def _agent_at(place: str) -> Iterator[None]:
    """paramiko knows of an agent by the environment alone."""
    before = os.environ.get(_SOCKET_VARIABLE)
    os.environ[_SOCKET_VARIABLE] = place
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SOCKET_VARIABLE]
        else:
            os.environ[_SOCKET_VARIABLE] = before
