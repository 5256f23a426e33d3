"""The log-in on a connection that is open: keys one by one, then the password."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bundlekit.errors import GatewayUnreachable, LoginRefused, reason_of
from bundlekit.ssh.address import Address
from bundlekit.ssh.banner import Server, is_too_old_for_rsa, parse_banner
from bundlekit.ssh.identities import Identity, identities_for, unlock
from bundlekit.ssh.prompts import Prompter

if TYPE_CHECKING:
    import paramiko


@dataclass
class Login:
    """How somebody logs in; the next time it goes the way that it went the first time, and nobody is asked.

    Attributes:
        way: what the gateway accepted, for people.
        password: that was asked for; None if a key was enough.
        tried: keys that the gateway refused, and those that could not be tried, for people.
    """

    address: Address
    ask: Prompter
    way: str = ""
    password: str | None = None
    tried: list[str] = field(default_factory=list)
    _identity: Identity | None = None
    _locked: list[str] = field(default_factory=list)
    _server: Server | None = None
    _refused_rsa: bool = False

    @property
    def account(self) -> str:
        return f"{self.address.user}@{self.address.host}"

    def log_in(self, transport: paramiko.Transport) -> None:
        """Log in on a connection whose host key was checked.

        Raises:
            LoginRefused: neither a key nor the password is accepted.
            GatewayUnreachable: the connection broke.
        """
        import paramiko

        self._server = parse_banner(transport.remote_version)
        try:
            if not self._by_keys(transport):
                self._by_password(transport)
        except paramiko.AuthenticationException as error:
            raise self._refused(f"{self.account} accepts no log-in: {error}") from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise GatewayUnreachable(
                f"the connection to {self.account} broke during the log-in: {reason_of(error)}"
            ) from error
        if not transport.is_authenticated():
            raise LoginRefused(
                f"{self.account} wants more than a key or a password",
                hint="bundlekit cannot give a second factor: add a key that is sufficient alone",
            )

    def _by_keys(self, transport: paramiko.Transport) -> bool:
        """Whether keys were enough."""
        if self._identity is None and self.password is not None:  # known from the connection before
            return False
        for found in [self._identity] if self._identity is not None else self._identities():
            if found.fault:
                self.tried.append(f"{found.name}: {found.fault}")
                continue
            identity = self._unlocked(transport, found) if found.key is None else found
            if identity.key is not None and self._accepts(transport, identity):
                self._identity, self.way = identity, f"the key {identity.name}"
                return transport.is_authenticated()  # some gateways want the password besides
        return False

    def _identities(self) -> list[Identity]:
        return identities_for(self.address) if self.address.keys_count else []

    def _accepts(self, transport: paramiko.Transport, identity: Identity) -> bool:
        import paramiko

        key = identity.key
        assert key is not None  # noqa: S101 - its caller has looked
        try:
            if identity.certificate:
                key.load_certificate(identity.certificate)
            transport.auth_publickey(self.address.user, key)
        except paramiko.BadAuthenticationType as error:
            if "publickey" in error.allowed_types:
                raise
            self.tried.append("no key: the gateway accepts no keys")
        except (paramiko.SSHException, EOFError) as error:
            if not transport.is_active():
                if self._identity is not None:  # it was let in by that before
                    raise GatewayUnreachable(f"{self.account} hung up during the log-in") from error
                raise self._refused(
                    f"{self.account} hung up after {len(self.tried) + 1} keys: it allows no more tries",
                    hint="name the right key with --identity, or in ~/.ssh/config by IdentityFile and "
                    "`IdentitiesOnly yes`",
                ) from error
            self.tried.append(f"{identity.name}: refused")
            self._refused_rsa = self._refused_rsa or key.get_name() == "ssh-rsa"
        else:
            return True
        if identity.certificate:  # the key on its own is another try
            key.public_blob = None
        return False

    def _unlocked(self, transport: paramiko.Transport, identity: Identity) -> Identity:
        """The key with its passphrase, if the gateway would take it and somebody knows the passphrase."""
        from bundlekit.ssh.transport import would_accept

        wanted = would_accept(transport, self.address.user, identity.shown) if identity.public else None
        if wanted is False or (wanted is None and not identity.named):
            self.tried.append(f"{identity.name}: refused")
            return identity
        key = unlock(identity, self.ask)
        if key is None:
            self._locked.append(str(identity.file))
            self.tried.append(f"{identity.name}: its passphrase is not known")
        return replace(identity, key=key)

    def _by_password(self, transport: paramiko.Transport) -> None:
        import paramiko

        tries = self.address.passwords
        if not tries:
            raise self._refused(f"{self.account} accepts none of the keys, and the ssh configuration forbids passwords")
        if self.password is not None or self.ask.given is not None:
            tries = 1
        for number in range(tries):
            try:
                self.password = self.password or self.ask.password(self.account, again=number > 0)
                transport.auth_password(self.address.user, self.password)
            except LoginRefused as error:
                raise self._refused(error.message, hint=error.hint) from error
            except paramiko.BadAuthenticationType as error:
                allowed = ", ".join(error.allowed_types)
                raise self._refused(f"{self.account} accepts no password, only {allowed}") from error
            except paramiko.AuthenticationException as error:
                self.password = None
                if number + 1 == tries or not transport.is_active():
                    hint = "check the password, and the user's name; on a ThingsPro gateway it is moxa"
                    raise self._refused(f"{self.account} does not accept the password", hint=hint) from error
            else:
                self.way = f"{self.way}, and the password" if self.way else "the password"
                return

    def _refused(self, message: str, hint: str | None = None) -> LoginRefused:
        if self._locked:
            file = self._locked[0]
            hint = f"{file} needs its passphrase: run `ssh-add {file}` first, or answer on a terminal"
        if self._server is not None and self._refused_rsa and is_too_old_for_rsa(self._server):
            hint = f"{self._server.software} takes keys of RSA in an old way only: {self._server.way_out}"
        return LoginRefused(
            message,
            hint=hint or "check the user's name; on a ThingsPro gateway it is moxa",
            details=tuple(self.tried),
        )
