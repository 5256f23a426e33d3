"""A TCP connection to where an address leads, and in plain words why there is none."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from bundlekit.errors import GatewayUnreachable, reason_of
from bundlekit.quoting import for_terminal
from bundlekit.ssh.address import Address

Place = tuple[Any, Any, int, str, Any]  # as getaddrinfo tells it
_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}


def connect(address: Address, timeout: float) -> socket.socket:
    """A TCP connection.

    Raises:
        GatewayUnreachable: there is none, and why.
    """
    where = f"{address.host} port {address.port}"
    places = places_of(address)
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
            f"{where} cannot be reached: {reason_of(error)}",
            hint="this machine has no route to that address: check the cable, the VPN, the address",
        ) from error


def places_of(address: Address) -> list[Place]:
    """Where a name leads to.

    Raises:
        GatewayUnreachable: nowhere.
    """
    try:
        return socket.getaddrinfo(address.host, address.port, _FAMILIES[address.family], socket.SOCK_STREAM)
    except OSError as error:
        raise _leads_nowhere(address, reason_of(error)) from error
    except ValueError as error:  # of the codec of names of hosts
        raise _leads_nowhere(address, "no host can have that name") from error


def _connect(address: Address, place: Place, timeout: float) -> socket.socket:
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
