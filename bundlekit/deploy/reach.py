"""Whether somebody answers where an address leads to, and who: name, port, and how the SSH server calls itself."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass

from bundlekit.deploy.address import Address
from bundlekit.deploy.checkup import Check, fail, ok, warn
from bundlekit.deploy.events import printable

_LONGEST = 8192  # bytes in front of a server's own line; RFC 4253 allows lines there
_OPENSSH = re.compile(r"OpenSSH_(\d+)\.(\d+)")
_SHA2_SINCE = (7, 2)  # of OpenSSH, for keys of RSA
_ED25519_SINCE = (6, 5)


@dataclass(frozen=True)
class Server:
    """An SSH server by its own words, such as `OpenSSH_6.7p1 Debian-5`.

    Attributes:
        software: with its comment, fit for a terminal.
        version: of OpenSSH; None for another one.
    """

    software: str
    version: tuple[int, int] | None = None

    @property
    def lacks_sha2(self) -> bool:
        """Whether it signs and checks with keys of RSA in a way only that paramiko 5 does not speak."""
        return self.version is not None and self.version < _SHA2_SINCE


def parse_banner(line: str) -> Server | None:
    """The server behind `SSH-2.0-...`; None where that is none."""
    if not line.startswith(("SSH-2.0-", "SSH-1.99-")):
        return None
    software = printable(line.split("-", 2)[2]).strip()
    found = _OPENSSH.match(software)
    return Server(software, (int(found[1]), int(found[2])) if found else None)


def speaks_sha1() -> bool:
    """Whether our paramiko can do what an OpenSSH before 7.2 asks of keys of RSA."""
    import paramiko

    return int(paramiko.__version__.partition(".")[0]) < 5


def judge_server(server: Server) -> Check:
    """What the age of a server means for the log-in."""
    if not server.lacks_sha2 or speaks_sha1():
        return ok("server", server.software)
    kinds = "ECDSA" if server.version and server.version < _ED25519_SINCE else "ed25519 and ECDSA"
    return warn(
        "server",
        f"{server.software} is older than 7.2: it takes keys of RSA with SHA-1 only, which paramiko 5 does not speak",
        f"{kinds} keys and passwords work; for keys of RSA: pip install 'bundlekit[old-gateways]'",
    )


def check_name(address: Address) -> Check:
    """Whether the name leads anywhere."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return fail(
            "name",
            f"{address.host} leads nowhere: {error.strerror or error}",
            "check the spelling, the name server, and the Host entries of ~/.ssh/config",
        )
    places = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("name", address.host if places == address.host else f"{address.host} is {places}")


def open_port(address: Address, timeout: float) -> tuple[Check, socket.socket | None]:
    """Connect."""
    where = f"{address.host} port {address.port}"
    begun = time.monotonic()
    try:
        stream = socket.create_connection((address.host, address.port), timeout)
    except ConnectionRefusedError:
        return fail(
            "port",
            f"{where} refuses connections",
            "no SSH server listens there: is SSH enabled on the gateway, and is it this port?",
        ), None
    except TimeoutError:
        return fail(
            "port",
            f"{where} does not answer within {timeout:g} s",
            "is the gateway on, is it in this network, does a firewall drop it? `--timeout` waits longer",
        ), None
    except OSError as error:
        return fail(
            "port",
            f"{where} cannot be reached: {error.strerror or error}",
            "there is no way from this machine to that address: check the cable, the VPN, the address",
        ), None
    return ok("port", f"{where} answers after {(time.monotonic() - begun) * 1000:.0f} ms"), stream


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
    start = printable(said[:60].decode("utf-8", "replace")).split("\n")[0].strip()
    return fail(
        "server",
        "it does not answer as an SSH server does" + (f": {start!r}" if start else ", it says nothing"),
        "is it the port of its SSH server? Too many connections at once look like this as well",
    )
