"""Where a REST API listens, read from a URL."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from bundlekit.errors import BadUsage

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Endpoint:
    """A host and a port.

    Attributes:
        host: a name or an address, an IPv6 one without brackets.
        tls: whether it speaks HTTPS.
    """

    host: str
    port: int
    tls: bool = True

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_url(text: str) -> Endpoint:
    """Read `https://host[:port]`, with or without the `/api/v1` behind it; `http://` for this machine alone.

    Raises:
        BadUsage: it is something else.
    """

    def refuse(why: str) -> BadUsage:
        return BadUsage(f"{shown!r} is not the URL of a gateway: {why}", hint="write https://host[:port]")

    shown = text.rpartition("@")[2]  # what stands before may be a secret
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise refuse(str(error)) from error
    if parts.scheme not in ("https", "http"):
        raise refuse("it does not begin with https://")
    if not host or not _is_plain(host):
        raise refuse("it has no proper host")
    if parts.username is not None or parts.password is not None:
        raise refuse("a user or a password has no place in it")
    if parts.path.rstrip("/") not in ("", PREFIX) or parts.query or parts.fragment:
        raise refuse("the resource is an argument of its own")
    tls = parts.scheme == "https"
    if not tls and not _is_loopback(host):
        raise refuse("without HTTPS the token would be readable on the way")
    return Endpoint(host, port or (443 if tls else 80), tls)


def _is_plain(host: str) -> bool:
    return host.isascii() and host.isprintable() and " " not in host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
