"""Host keys of many gateways that are not known yet: all are shown together, and the user is asked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from bundlekit.cli.threads import in_threads
from bundlekit.errors import BundlekitError
from bundlekit.quoting import printable

if TYPE_CHECKING:
    import paramiko

    from bundlekit.fleet.inventory import Gateway
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.prompts import Prompter


class _KnownAfterAll(Exception):
    """A certificate vouches for the key: the log-in need not begin."""


class _Scout:
    """Takes down what a gateway shows, and trusts nothing."""

    given = None
    shown = ""
    kind = ""

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        raise AssertionError("no log-in begins")

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        raise AssertionError("no log-in begins")

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        self.kind, self.shown = kind, fingerprint
        return False


OnHostKey = Callable[["paramiko.PKey"], None]


def agreed_keys(
    gateways: Sequence[Gateway],
    jobs: int,
    address_of: Callable[[Gateway], Address],
    connect: Callable[[Address, Prompter, OnHostKey], object],
    *,
    asks: bool,
) -> dict[str, str]:
    """The fingerprints of new host keys that the user trusts, by the gateways' names.

    Only gateways of which known_hosts has no key are asked for one. Those that do not answer are left out; so are those
    that nobody can be asked about: they fail alone, at their log-in.

    Args:
        gateways: all that are meant.
        jobs: connections at once.
        address_of: a gateway.
        connect: to an address; whoever is told of a trusted host key may raise an error.
        asks: whether the user may be asked.
    """

    def look(gateway: Gateway) -> _Scout:
        from bundlekit.ssh.known_hosts import KnownHosts

        scout = _Scout()
        with suppress(BundlekitError, _KnownAfterAll):  # whatever is wrong, the log-in says so
            address = address_of(gateway)
            if address.strict == "ask" and address.expected_key is None and not address.batch:
                known = KnownHosts(address.known_hosts)
                if not known.keys_of(address.key_name):
                    connect(address, scout, _stop)
        return scout

    shown = {gateway.name: scout for gateway, scout in in_threads(jobs, gateways, look)}
    new = {gateway.name: scout for gateway in gateways if (scout := shown[gateway.name]).shown}
    if not new:
        return {}
    click.echo(f"The host keys of {len(new)} of {len(gateways)} gateways are not known yet:", err=True)
    width = max(len(printable(name)) for name in new)
    for name, scout in new.items():
        click.echo(f"  {printable(name):<{width}}  {scout.kind} {scout.shown}", err=True)
    if not asks or not click.confirm(
        "Do the gateways themselves show these keys, and do you trust all of them?", err=True
    ):
        return {}
    return {name: scout.shown for name, scout in new.items()}


def _stop(_: paramiko.PKey) -> None:
    raise _KnownAfterAll
