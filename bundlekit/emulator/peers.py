"""Which user's a connection on this machine is: a port of the loopback is open to everybody who has an account."""

from __future__ import annotations

import ipaddress
import os
import pwd
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ROOT = 0  # its user id; root can read all that a user sends, so it may connect as well
_OVERFLOW = 65534  # what a user looks like who is unknown to this process's namespace of users
_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group
_ESTABLISHED = 1  # of the states of TCP
_SILENCE = 60.0  # seconds until the same user is reported again: each of a thousand tries would be a line

End = tuple[str, int]
"""Address and port, an IPv4 address as such even where the socket is of IPv6."""


class OwnUserOnly:
    """Admits the connections of the user whom this process belongs to, and root's.

    Args:
        tell: hears of those that are refused, a line each; of the same user once a minute.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: dict[int | None, float] = {}

    def admits(self, connection: socket.socket) -> bool:
        """Whether a connection that was just accepted may be served. Nothing may be read from it before."""
        try:
            users = users_of(connection)
        except OSError:  # it is gone
            return False
        is_clear = _OVERFLOW not in users or connection.family == socket.AF_UNIX or not _may_be_anybody()
        if users and users <= {os.geteuid(), _ROOT} and is_clear:
            return True
        self._report(max(users, default=None))
        return False

    def _report(self, user: int | None) -> None:
        now = time.monotonic()
        if now - self._told.get(user, -_SILENCE) >= _SILENCE:
            self._told[user] = now
            self._tell(f"refused a connection of {_name(user)} to the broker")


def users_of(connection: socket.socket) -> set[int]:
    """The user ids of who is at the other end of an accepted connection; empty where this machine does not say.

    More than one only where the kernel's table has several that could be meant.

    Raises:
        OSError: the connection has ended.
    """
    if connection.family == socket.AF_UNIX:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return {_CREDENTIALS.unpack(credentials)[1]}
    client, server = _end(connection.getpeername()), _end(connection.getsockname())
    users = _users_by_table(client, server) if Path(_TABLES[0]).exists() else _users_by_processes(client, server)
    if sys.platform == "linux":
        # What was looked up is this connection only if it was there all the time: a client that has ended it leaves
        # what it has sent to be read, and its port to somebody else.
        if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED:
            raise ConnectionResetError
    return users


def users_are_known() -> bool:
    """Whether this machine says of a connection of this process whose it is."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            return OwnUserOnly(lambda _: None).admits(accepted)


def _users_by_table(client: End, server: End) -> set[int]:
    """As Linux has it: the owner of the client's socket, in the table of all of them."""
    users: set[int] = set()
    ports = f":{client[1]:04X}", f":{server[1]:04X}"
    for table in filter(os.path.exists, _TABLES):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            if not all(port in line for port in ports):  # the table may be long, and to decode it takes time
                continue
            fields = line.split()
            # A socket that its process has closed already, with all that it said still to be read here, has inode 0 and
            # seems to be root's.
            if fields[9] != "0" and _decoded(fields[1]) == client and _decoded(fields[2]) == server:
                users.add(int(fields[7]))
        if users:  # the kernel goes through all its sockets for each table, which takes milliseconds
            break
    return users


def _users_by_processes(client: End, server: End) -> set[int]:
    """As any system has it: whether one of this user's own processes has the client's socket. Others are unknown."""
    import psutil

    for process in psutil.process_iter():
        try:
            if process.uids().effective != os.geteuid():
                continue
            for one in process.net_connections("tcp"):
                if one.raddr and (_end(one.laddr), _end(one.raddr)) == (client, server):
                    return {os.geteuid()}
        except psutil.Error:
            continue
    return set()


def _end(name: tuple[object, ...]) -> End:
    """What a socket calls its end."""
    address = ipaddress.ip_address(str(name[0]).partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address), int(str(name[1]))


def _decoded(field: str) -> End:
    """What a table of the kernel's calls an end: words of 32 bits in the machine's order of bytes, and the port."""
    words, _, port = field.partition(":")
    packed = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return _end((str(ipaddress.ip_address(packed)), int(port, 16)))


def _may_be_anybody() -> bool:
    """Whether the user id of those who are unknown here stands for more than one user."""
    try:
        first, _, count = (int(field) for field in Path("/proc/self/uid_map").read_text().split())
    except (OSError, ValueError):
        return True
    return first != 0 or count < 2**32 - 1


def _name(user: int | None) -> str:
    if user is None:
        return "a user that this machine does not tell"
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = ""
    called = f"user {name} (uid {user})" if name else f"the user with uid {user}"
    if user == _OVERFLOW and _may_be_anybody():
        return f"{called}, who is of another container: start clients where bundlekit runs,"
    return called
