"""Which gateway: `[user@]host[:port]`, as ssh and scp users write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

from bundlekit.errors import BadUsage
from bundlekit.quoting import quoted

# What is left out is shell syntax, white space, control characters and a leading `-`, which nobody's host has.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_ZONE = re.compile(r"[A-Za-z0-9._-]+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\-]*")
_LONGEST = 255  # characters of any name; DNS has fewer


@dataclass(frozen=True)
class Target:
    """A gateway as the user named it; what is None is left to the ssh configuration and its defaults."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (f"{self.user}@" if self.user else "") + host + (f":{self.port}" if self.port else "")


def parse_target(text: str) -> Target:
    """Read `[user@]host[:port]`; an IPv6 address stands in brackets when a port follows, and may always.

    Raises:
        BadUsage: it is something else.
    """

    def refuse(why: str) -> BadUsage:
        return BadUsage(
            f"{quoted(text)} is not a gateway: {why}",
            hint="write [user@]host[:port], such as moxa@192.168.4.127, moxa@[fe80::1]:2222 or a Host of ~/.ssh/config",
        )

    user, at, place = text.rpartition("@")
    if len(user) > _LONGEST or len(place) > _LONGEST:
        raise refuse("it is too long")
    if at and not _USER.fullmatch(user):
        raise refuse("the user's name is empty or has odd characters")
    port = None
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or not _is_address6(host):
            raise refuse("brackets are for an IPv6 address")
        if rest:
            if not rest.startswith(":"):
                raise refuse("after the bracket only a port may follow")
            port = rest[1:]
    elif place.count(":") > 1:
        host = place
        if not _is_address6(host):
            raise refuse("it has more than one colon and is not an IPv6 address")
    else:
        host, colon, number = place.partition(":")
        port = number if colon else None
        if not _HOST.fullmatch(host):
            raise refuse("the host's name is empty or has odd characters")
    if port is not None and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise refuse(f"{quoted(port)} is not a port")
    return Target(host, user or None, int(port) if port else None)


def _is_address6(text: str) -> bool:
    address, percent, zone = text.partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return not percent or bool(_ZONE.fullmatch(zone))
