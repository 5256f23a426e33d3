"""The first checks of a gateway, before any log-in: its name, its port, and what SSH server answers there."""

from __future__ import annotations

import socket
import time

from bundlekit.deploy.doctor.checks import CheckResult, fail, of_error, ok, warn
from bundlekit.errors import GatewayUnreachable
from bundlekit.quoting import for_terminal
from bundlekit.ssh.address import Address
from bundlekit.ssh.banner import Server, is_too_old_for_rsa, parse_banner
from bundlekit.ssh.tcp import connect, places_of

_LONGEST = 8192  # bytes in front of a server's own line; RFC 4253 allows lines there


def judge_server(server: Server) -> CheckResult:
    """What the age of a server means for the log-in."""
    if not is_too_old_for_rsa(server):
        return ok("server", server.software)
    return warn(
        "server",
        f"{server.software} is older than 7.2: it takes keys of RSA with SHA-1 only, which paramiko 5 does not speak",
        server.way_out,
    )


def check_name(address: Address) -> CheckResult:
    """Whether the name leads anywhere."""
    try:
        found = places_of(address)
    except GatewayUnreachable as error:
        return of_error("name", error)
    places = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("name", address.host if places == address.host else f"{address.host} is {places}")


def open_port(address: Address, timeout: float) -> tuple[CheckResult, socket.socket | None]:
    """Connect, and tell how it went."""
    begun = time.monotonic()
    try:
        stream = connect(address, timeout)
    except GatewayUnreachable as error:
        return of_error("port", error), None
    taken = (time.monotonic() - begun) * 1000
    return ok("port", f"{address.host} port {address.port} answers after {taken:.0f} ms"), stream


def hear_banner(stream: socket.socket, timeout: float) -> CheckResult:
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
