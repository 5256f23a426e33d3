"""`bundlekit login`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from bundlekit.cli.access import Access, access_options, address_of, name_in_keyring, session_on
from bundlekit.cli.keyring_store import SERVICE, forget_secret, keep_secret, name_of_key, require_keyring
from bundlekit.cli.terminal import TerminalPrompter, can_ask, secret_from_stdin, type_secret
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, GatewayUnreachable, LoginRefused

_INSTEAD = "without one, --password-stdin gives a password each time, and ssh-agent keeps keys"


@verb(
    "login",
    examples="""
    bundlekit login moxa@192.168.4.127  asks for the password, tries it, stores it
    bundlekit login moxa@192.168.4.127 --forget
    bundlekit login -i gateways.ini substations  the password of a group, see docs/fleet.md
    pass show gateway | bundlekit login moxa@192.168.4.127 --password-stdin
    bundlekit login --key ~/.ssh/id_ed25519  the passphrase of a key
    """,
)
@partial(access_options, optional=True, of_group=True)
@click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), help="Store the passphrase of this private key instead."
)
@click.option("--forget", is_flag=True, help="Delete the password, or the passphrase, from the keyring.")
def command(access: Access | None, *, key: Path | None, forget: bool) -> int:
    """Store the password of a gateway in the keyring of this machine, so that bundlekit does not ask for it again.

    The password is tried first: for the log-in, if no key is sufficient, and for sudo. Only a password that the gateway
    accepts is stored. Its service is `bundlekit`; its name is USER@HOST or USER@HOST:PORT, after ~/.ssh/config is
    applied. It replaces an earlier password.

    With --key, the passphrase of a private key is tried on that file and stored; then there is no TARGET.
    TARGET can be a group of an inventory that has a password of its own. The first of its gateways that can be reached
    tries the password; the name in the keyring has the path of the inventory.

    --password-stdin reads the password or the passphrase from standard input.

    Exit code: 0 stored, or not needed; 2 usage; 3 not accepted, or there is no keyring.
    """
    if (access is None) == (key is None):
        raise BadUsage("login needs either a TARGET, or a private key by --key")
    if key is not None:
        name = name_of_key(str(key))
        return _forget(name) if forget else _keep_passphrase(key, name)
    assert access is not None  # noqa: S101 - one of them is there
    name = access.group[0].password_kept_as if access.group else name_in_keyring(address_of(access))
    if forget:
        return _forget(name)
    of_group = [replace(access, target=one.target, gateway=one) for one in access.group]
    return _keep_password(of_group or [access], name)


def _forget(name: str) -> int:
    was_there = forget_secret(name, instead=_INSTEAD)
    click.echo(f"the keyring has forgotten {name}" if was_there else f"the keyring has nothing for {name}")
    return 0


def _keep_password(accesses: Sequence[Access], name: str) -> int:
    """Store the password once the first of some gateways that can be reached has accepted it."""
    require_keyring(name, instead=_INSTEAD)
    prompter = _Fresh(from_stdin=accesses[0].password_stdin, kept_as=name, batch=address_of(accesses[0]).batch)
    for access in accesses:
        try:
            with session_on(access, prompter=prompter) as session:
                session.probe()
            break
        except GatewayUnreachable:
            if access is accesses[-1]:
                raise
    if prompter.accepted is None:
        click.echo(f"nothing was stored: {session.name} lets you in by a key, and sudo there asks for no password")
        return 0
    _keep(name, prompter.accepted)
    return 0


def _keep(name: str, secret: str) -> None:
    keyring = keep_secret(name, secret, instead=_INSTEAD)
    click.echo(f"stored in {keyring}: service {SERVICE}, name {name}")


def _keep_passphrase(key: Path, name: str) -> int:
    from bundlekit.ssh.identities import key_in

    if not key.expanduser().is_file():
        raise BadUsage(f"there is no file {key}")
    require_keyring(name, instead=_INSTEAD)
    if click.get_current_context().params.get("password_stdin"):
        secret = secret_from_stdin("passphrase")
    elif can_ask():
        secret = type_secret(f"passphrase of {key}")
    else:
        raise LoginRefused(
            "there is no terminal for the question", hint="--password-stdin reads it from standard input"
        )
    if key_in(key.expanduser(), secret) is None:
        raise LoginRefused(
            f"that is not the passphrase of {key}, or the key has no passphrase", kept="nothing was stored"
        )
    _keep(name, secret)
    return 0


class _Fresh(TerminalPrompter):
    """Takes no password from the keyring, and knows which one the gateway has asked for.

    Attributes:
        accepted: the password that was asked for last.
    """

    def __init__(self, *, from_stdin: bool, kept_as: str, batch: bool) -> None:
        super().__init__(from_stdin=from_stdin, kept_as=kept_as, batch=batch)
        self.accepted: str | None = None
        self._from_stdin = super().given

    @property
    def given(self) -> str | None:
        return None

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        if self._from_stdin is None:
            self.accepted = self._type_password(account, again=again, for_sudo=for_sudo)
        elif again:
            raise LoginRefused(f"{account} does not accept the password", kept="nothing was stored")
        else:
            self.accepted = self._from_stdin
        return self.accepted
