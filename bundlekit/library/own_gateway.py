"""The emulated gateway of this user that a log-in leads to: its host key and its password are known here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bundlekit.emulator.running import RunningGateway
    from bundlekit.ssh.address import Address

_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is compared, and nothing listens
_USER = "moxa"


def expect_its_key(address: Address) -> Address:
    """Have nothing else answer than the emulated gateway that runs there, if one does."""
    emulated = _running_at(address)
    return replace(address, expected_key=emulated.host_key) if emulated else address


def password_of(address: Address) -> str | None:
    """The password of the emulated gateway whose key `expect_its_key` has found; None where it is not known."""
    emulated = _running_at(address)
    # By another key it is another gateway, started meanwhile: nobody makes sure that it is the one that answers.
    if not emulated or emulated.host_key != address.expected_key or address.user != _USER:
        return None
    return emulated.password or None


def _running_at(address: Address) -> RunningGateway | None:
    """By the very address: another name may lead to a port on which somebody else listens."""
    from bundlekit.emulator.running import running

    if address.proxy is not None:
        return None
    for emulated in running():
        host, _, port = emulated.ssh.rpartition(":")
        host = host.strip("[]")
        if emulated.host_key and (_ALL.get(host, host), port) == (address.host, str(address.port)):
            return emulated
    return None
