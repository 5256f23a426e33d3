"""Whether somebody answers where an address leads to, and who: name, port, and how the SSH server calls itself."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

from bundlekit.deploy.address import Address
from bundlekit.deploy.checkup import Check, fail, of_error, ok, warn
from bundlekit.deploy.server import Server, is_too_old_for_rsa, parse_banner
from bundlekit.errors import GatewayUnreachable
from bundlekit.quoting import for_terminal

_Place = tuple[Any, Any, int, str, Any]  # as getaddrinfo tells it
_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}
_LONGEST = 8192  # bytes in front of a server's own line; RFC 4253 allows lines there


def judge_server(server: Server) -> Check:
    """What the age of a server means for the log-in."""
    if not is_too_old_for_rsa(server):
        return ok("server", server.software)
    return warn(
        "server",
        f"{server.software} is older than 7.2: it takes keys of RSA with SHA-1 only, which paramiko 5 does not speak",
        server.way_out,
    )


def connect(address: Address, timeout: float) -> socket.socket:
    """A TCP connection.

    Raises:
        GatewayUnreachable: there is none, and why.
    """
    where = f"{address.host} port {address.port}"
    places = _places(address)
    try:
        for place in places[:-1]:
            with contextlib.suppress(OSError):
                return _connect(address, place, timeout)
        return _connect(address, places[-1], timeout)
    except ConnectionRefusedError as error:
        raise GatewayUnreachable(
            f"{where} refuses connections",
            hint="no SSH server listens there: is SSH enabled on the gateway, and is it this port?",
        ) from error
    except TimeoutError as error:
        raise GatewayUnreachable(
            f"{where} does not answer within {timeout:g} s",
            hint="is the gateway on, and is it in this network? `--timeout` waits longer",
        ) from error
    except OSError as error:
        raise GatewayUnreachable(
            f"{where} cannot be reached: {error.strerror or error}",
            hint="there is no way from this machine to that address: check the cable, the VPN, the address",
        ) from error


def _places(address: Address) -> list[_Place]:
    """Where a name leads to.

    Raises:
        GatewayUnreachable: nowhere.
    """
    try:
        return socket.getaddrinfo(address.host, address.port, _FAMILIES[address.family], socket.SOCK_STREAM)
    except OSError as error:
        raise _leads_nowhere(address, str(error.strerror or error)) from error
    except ValueError as error:  # of the codec of names of hosts
        raise _leads_nowhere(address, "no host can have that name") from error


def _connect(address: Address, place: _Place, timeout: float) -> socket.socket:
    family, kind, protocol, _, where = place
    stream = socket.socket(family, kind, protocol)
    try:
        stream.settimeout(timeout)
        if address.bind:
            own = socket.getaddrinfo(address.bind, 0, family, kind)
            stream.bind(own[0][4])
        stream.connect(where)
    except BaseException:
        stream.close()
        raise
    return stream


def _leads_nowhere(address: Address, why: str) -> GatewayUnreachable:
    return GatewayUnreachable(
        f"the name {for_terminal(address.host[:100])} leads nowhere: {why}",
        hint="check the spelling, the name server, and the Host entries of ~/.ssh/config",
    )


def check_name(address: Address) -> Check:
    """Whether the name leads anywhere."""
    try:
        found = _places(address)
    except GatewayUnreachable as error:
        return of_error("name", error)
    places = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("name", address.host if places == address.host else f"{address.host} is {places}")


def open_port(address: Address, timeout: float) -> tuple[Check, socket.socket | None]:
    """Connect, and tell how it went."""
    begun = time.monotonic()
    try:
        stream = connect(address, timeout)
    except GatewayUnreachable as error:
        return of_error("port", error), None
    taken = (time.monotonic() - begun) * 1000
    return ok("port", f"{address.host} port {address.port} answers after {taken:.0f} ms"), stream


def hear_banner(stream: socket.socket, timeout: float) -> Check:
    """Listen to how the server calls itself, for so long."""
    end = time.monotonic() + timeout
    said = b""
    try:
        while len(said) < _LONGEST and (left := end - time.monotonic()) > 0:
            stream.settimeout(left)
            part = stream.recv(_LONGEST)
            said += part
            *lines, _ = said.split(b"\n")
            for line in lines:
                if server := parse_banner(line.decode("utf-8", "replace").rstrip("\r")):
                    return judge_server(server)
            if not part:
                break
    except OSError:
        pass
    start = for_terminal(said[:60].decode("utf-8", "replace")).split("\n")[0].strip()
    return fail(
        "server",
        "it does not answer as an SSH server does" + (f": {start!r}" if start else ", it says nothing"),
        "is it the port of its SSH server? Too many connections at once look like this as well",
    )
