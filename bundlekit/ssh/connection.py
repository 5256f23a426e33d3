"""A connection to a gateway: from its address to a log-in, by paramiko."""

from __future__ import annotations

import logging
from collections.abc import Callable
from socket import socket
from types import TracebackType
from typing import TYPE_CHECKING

from bundlekit.errors import GatewayUnfit, GatewayUnreachable, HostKeyRejected, reason_of
from bundlekit.shipped import install_command
from bundlekit.ssh.address import Address
from bundlekit.ssh.authentication import Login
from bundlekit.ssh.certificates import SUFFIX
from bundlekit.ssh.known_hosts import KnownHosts, check_host_key, fingerprint
from bundlekit.ssh.loading import load_in_background
from bundlekit.ssh.prompts import Prompter
from bundlekit.ssh.proxy_command import Proxy
from bundlekit.ssh.tcp import connect

if TYPE_CHECKING:
    import paramiko

    from bundlekit.ssh.transport import Transport

_LONGEST_WORDS = 200  # characters of what somebody else says
_PROHIBITED = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254


class Connection:
    """A log-in that is open. Use it as a context manager.

    Attributes:
        address: where and as whom.
        login: how the gateway let us in.
    """

    def __init__(
        self,
        address: Address,
        *,
        ask: Prompter,
        accept_new_host_key: bool = False,
        timeout: float = 20,
        on_host_key: Callable[[paramiko.PKey], None] = lambda _: None,
        started: Transport | None = None,
    ) -> None:
        """Connect and log in.

        Args:
            address: see `look_up`.
            ask: for a password where no key is accepted, and about an unknown host key.
            accept_new_host_key: take an unknown one without asking; a changed one never.
            timeout: seconds for each step of it.
            on_host_key: hears of the host key once it is trusted, before the log-in.
            started: as `start` has made it, to this address; None to make it here.

        Raises:
            GatewayUnreachable, HostKeyRejected, LoginRefused: as their names say.
        """
        self.address = address
        self.login = Login(address, ask)
        self._ask = ask
        self._timeout = timeout
        self._accept_new_host_key = accept_new_host_key
        self._on_host_key = on_host_key
        self._known = KnownHosts(address.known_hosts)
        self._shown: paramiko.PKey | None = None
        self.transport = self._open(started)

    @property
    def password(self) -> str | None:
        """That was asked for at the log-in, for sudo; None if a key was enough."""
        return self.login.password

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def connect_again(self) -> None:
        """Connect and log in anew, the same way as it went before, to the same host. Nobody is asked anything.

        Raises:
            GatewayUnreachable, HostKeyRejected, LoginRefused: as their names say.
        """
        self.transport.close()
        self.transport = self._open()

    def open_stream(self, host: str, port: int, seconds: float) -> paramiko.Channel:
        """A byte stream to a port that the gateway can reach, through the connection.

        Args:
            host: as the gateway calls it.
            port: there.
            seconds: that it may take.

        Raises:
            GatewayUnfit: its SSH server forbids it.
            GatewayUnreachable: nobody listens there, or the connection broke.
        """
        import paramiko

        account = f"{self.address.user}@{self.address.host}"
        try:
            return self.transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=seconds)
        except paramiko.ChannelException as error:
            if error.code == _PROHIBITED:
                raise GatewayUnfit(
                    f"the SSH server of {account} forbids forwarding, so its port cannot be reached: {port}",
                    hint="set `AllowTcpForwarding local` in its sshd_config, or use --url https://HOST and a token",
                ) from error
            raise GatewayUnreachable(
                f"nothing answers on port {port} of {account} itself", hint="is its web service up?"
            ) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise GatewayUnreachable(f"the connection to {account} broke: {_words(error)}") from error

    def _open(self, started: Transport | None = None) -> Transport:
        transport = started or start(self.address, self._timeout, self._known)
        try:
            self._check_host_key(transport.get_remote_server_key())
            self.login.log_in(transport)
        except BaseException:
            transport.close()
            raise
        transport.set_keepalive(15)
        transport.calm_down()
        return transport

    def _check_host_key(self, key: paramiko.PKey) -> None:
        if self._shown is not None and key != self._shown:
            raise HostKeyRejected(
                f"the host key of {self.address.key_name} is not the same as before the link broke: "
                f"{key.get_name()} {fingerprint(key)}",
                kept="no password and no file was sent",
                hint="somebody may intercept the connection, or several gateways have one address",
            )
        if self._shown is None:
            self._check_new(key)
            self._shown = key
            self._on_host_key(key)

    def _check_new(self, key: paramiko.PKey) -> None:
        expected = self.address.expected_key
        if expected is None:
            check_host_key(
                key,
                self.address.key_name,
                self._known,
                ask=self._ask,
                strict="accept-new" if self._accept_new_host_key else self.address.strict,
                remember_in=self.address.remember_in,
                hash_names=self.address.hash_names,
            )
        elif f"{key.get_name()} {key.get_base64()}" != expected:
            raise HostKeyRejected(
                f"what answers at {self.address.key_name} is not the emulated gateway that runs there: it shows "
                f"{key.get_name()} {fingerprint(key)}",
                kept="no password and no file was sent",
                hint="has the gateway just ended? Then another program may listen there now",
            )


def start(address: Address, timeout: float, known: KnownHosts | None = None) -> Transport:
    """Connect, up to the key exchange. The host key is not checked yet, and nobody is logged in.

    Args:
        address: see `look_up`.
        timeout: seconds for each step of it.
        known: the host keys that are known; by default they are read.

    Raises:
        GatewayUnreachable: nobody answers there as an SSH server does.
    """
    known = KnownHosts(address.known_hosts) if known is None else known
    where = f"{address.host} port {address.port}"
    load_in_background()  # while the name is looked up and the gateway answers
    opened = _open_socket(address, timeout)

    import paramiko

    from bundlekit.ssh.transport import Stream, Transport

    # Its worker thread also logs what is raised here; without a handler that goes to the terminal.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    stream = opened if isinstance(opened, Proxy) else Stream(opened)
    try:
        transport = Transport(stream)  # type: ignore[arg-type] # what it wants of it is there
        transport.banner_timeout = transport.auth_timeout = timeout
        _prefer_known_kinds(transport, known, address.key_name)
        transport.start_client(timeout=timeout)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        stream.close()
        raise GatewayUnreachable(
            f"{where} speaks only SSH methods that are not safe any more: {error}",
            hint=f"an OpenSSH older than 7.2 needs an older paramiko: {install_command('old-gateways')}",
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        stream.close()
        if isinstance(stream, Proxy):
            raise _no_server_behind(stream, address) from error
        raise GatewayUnreachable(
            f"{where} answers, but not as an SSH server does: {_words(error)}",
            hint="is it the port of its SSH server? Too many connections at once look like this as well",
        ) from error
    if not transport.initial_kex_done:  # start_client gives up without a word
        transport.close()
        if isinstance(stream, Proxy):
            raise _no_server_behind(stream, address)
        raise GatewayUnreachable(
            f"{where} answers, but not as an SSH server does: no handshake within {timeout:g} s",
            hint="is it the port of its SSH server? `--timeout` waits longer",
        )
    return transport


def _open_socket(address: Address, timeout: float) -> socket | Proxy:
    if address.proxy is not None:
        try:
            return Proxy(address.proxy)
        except OSError as error:
            raise GatewayUnreachable(f"the ProxyCommand did not start: {_words(error)}") from error
    return connect(address, timeout)


def _prefer_known_kinds(transport: paramiko.Transport, known: KnownHosts, name: str) -> None:
    """Ask first for the kinds of host key that are known: a server has several, and any of them would be `changed`."""
    kinds = {key.get_name() for key in known.keys_of(name)}
    if "ssh-rsa" in kinds:
        kinds |= {"rsa-sha2-256", "rsa-sha2-512"}
    options = transport.get_security_options()
    plain = sorted(options.key_types, key=lambda kind: kind not in kinds)
    certified = [kind + SUFFIX for kind in plain] if known.authorities_of(name) else []
    options.key_types = [*certified, *plain]


def _no_server_behind(proxy: Proxy, address: Address) -> GatewayUnreachable:
    """That no SSH server answered by way of a proxy, which is closed."""
    return GatewayUnreachable(
        f"no SSH server answers for {address.host} port {address.port} by way of the ProxyCommand or ProxyJump",
        hint=f"this is run for it: {address.proxy}",
        details=proxy.complaint,
    )


def _words(error: BaseException) -> str:
    return reason_of(error)[:_LONGEST_WORDS]
