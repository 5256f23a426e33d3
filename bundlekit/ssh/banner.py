"""How an SSH server calls itself, and what its age means for us."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bundlekit.quoting import for_terminal
from bundlekit.shipped import install_command

_OPENSSH = re.compile(r"OpenSSH_(\d+)\.(\d+)")
_SHA2_SINCE = (7, 2)  # of OpenSSH, for keys of RSA
_ED25519_SINCE = (6, 5)
_LONGEST = 100  # characters that are shown; RFC 4253 allows 255


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

    @property
    def way_out(self) -> str:
        """What works with such a one all the same."""
        kinds = "ECDSA" if self.version and self.version < _ED25519_SINCE else "ed25519 and ECDSA"
        return f"{kinds} keys and passwords work; for keys of RSA: {install_command('old-gateways')}"


def parse_banner(line: str) -> Server | None:
    """The server behind `SSH-2.0-...`; None where that is none."""
    if not line.startswith(("SSH-2.0-", "SSH-1.99-")):
        return None
    software = for_terminal(line.split("-", 2)[2]).strip()[:_LONGEST]
    found = _OPENSSH.match(software)
    return Server(software, (int(found[1]), int(found[2])) if found else None)


def is_too_old_for_rsa(server: Server | None) -> bool:
    """Whether keys of RSA cannot work between a server and the paramiko that is installed."""
    import paramiko

    return server is not None and server.lacks_sha2 and int(paramiko.__version__.partition(".")[0]) >= 5
