"""The SSH server by which one gets into the machine, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.files import write_secret
from bundlekit.emulator.lifecycle import Service, listening
from bundlekit.emulator.machine.machine import Machine
from bundlekit.emulator.machine.machine_spec import HOME, USER
from bundlekit.emulator.machine.ssh_session import SshSession
from bundlekit.errors import BundlekitError

_ITSELF = ("127.0.0.1", "localhost", "::1")
_WRONG = 0.5  # seconds that a wrong password costs
_SERVICE_REQUEST = 5  # RFC 4253
_KINDS = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}
_VERSION = "OpenSSH_8.4p1_emulated"
_OLD: dict[str, Any] = {
    "kex_algs": ["diffie-hellman-group14-sha1", "ecdh-sha2-nistp256", "curve25519-sha256@libssh.org"],
    "encryption_algs": ["aes128-ctr", "aes192-ctr", "aes256-ctr"],
    "mac_algs": ["hmac-sha1", "hmac-sha2-256"],
    "signature_algs": ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"],
}
_OLD_VERSION = "OpenSSH_6.7p1_emulated"


class SshServer(Service):
    """Listens for SSH. Its one user logs in by the password, or by a key that the machine's authorized_keys has.

    Args:
        machine: where sessions run.
        state: a folder for its host keys.
        listen: where; port 0 is any free one.
        password: of the user.
        ways: by port of the machine itself, where a connection leads that a client has opened to it. All others are
            refused.
        old: whether it signs and verifies as a server of 2014 does: RSA with SHA-1 alone.
        tell: hears of log-ins and commands, a line each.
    """

    def __init__(
        self,
        machine: Machine,
        state: Path,
        *,
        listen: SocketAddress,
        password: str,
        ways: dict[int, SocketAddress] | None = None,
        old: bool = False,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.machine = machine
        self.password = password
        self.ways = ways or {}
        self.tell = tell
        self._state = state
        self._listen = listen
        self._old = old
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def address(self) -> SocketAddress:
        """Where it listens, with the real port once it is started."""
        if not self._acceptor:
            return self._listen
        return SocketAddress(self._listen.host, self._acceptor.get_port())

    @property
    def host_key(self) -> asyncssh.SSHKey:
        """The one that it shows; made at the first start."""
        return _host_key(self._state, "rsa" if self._old else "ed25519")

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: there.
        """
        # Each connection that breaks off would be told of.
        logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
        key = await asyncio.to_thread(lambda: self.host_key)
        pairs = asyncssh.load_keypairs([key])
        if self._old:
            for pair in pairs:
                pair.host_key_algorithms = pair.sig_algorithms = [b"ssh-rsa"]
        with listening("SSH", self._listen):
            self._acceptor = await asyncssh.listen(
                self._listen.host,
                self._listen.port,
                server_factory=lambda: _Guard(self),
                server_host_keys=pairs,
                server_version=_OLD_VERSION if self._old else _VERSION,
                encoding=None,
                line_editor=False,
                agent_forwarding=False,
                kbdint_auth=False,
                **(_OLD if self._old else {}),
            )

    async def stop(self) -> None:
        """Ends all connections too."""
        if self._acceptor:
            self._listen = self.address
            self._acceptor.close()
            self._acceptor = None
        self.cut()

    def cut(self) -> None:
        """Break all connections off, as a gateway does that loses its power."""
        for connection in list(self._connections):
            connection.abort()

    def opened(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.add(connection)

    def closed(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.discard(connection)


class _Guard(asyncssh.SSHServer):
    """Lets the user in, and nobody else; lets nothing be forwarded but to the machine itself."""

    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None
        self._client = "somewhere"

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        _let_service_be_requested_again(conn)
        self._client = (conn.get_extra_info("peername") or ("somewhere",))[0]
        self._server.opened(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection:
            self._server.closed(self._connection)

    async def begin_auth(self, username: str) -> bool:
        if username == USER and self._connection:
            text = ""
            with contextlib.suppress(BundlekitError):  # he is told once he is in
                text = await self._server.machine.read(f"{HOME}/.ssh/authorized_keys")
            self._connection.set_authorized_keys(_authorized(text))
        return True

    def auth_completed(self) -> None:
        self._server.tell(f"ssh: {USER} logs in from {self._client}")

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        if hmac.compare_digest(password.encode(), self._server.password.encode()) and username == USER:
            return True
        self._server.tell(
            f"ssh: {username!r} gives a wrong password" if username == USER else f"ssh: {username!r} may not log in"
        )
        await asyncio.sleep(_WRONG)
        return False

    def session_requested(self) -> SshSession:
        assert self._connection  # noqa: S101 - it is made by now
        return SshSession(self._server.machine, self._connection, self._server.tell)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:
        to = self._server.ways.get(dest_port) if dest_host in _ITSELF else None
        if not to or not self._connection:
            return False
        return self._connection.forward_connection(to.host, to.port)


def _let_service_be_requested_again(connection: Any) -> None:
    """As OpenSSH does: paramiko asks for the service anew before each try to log in, and asyncssh hangs up then.

    There is no public way to say so. An asyncssh that is made otherwise goes on as it does.
    """
    userauth, handlers = b"ssh-userauth", getattr(connection, "_packet_handlers", {})
    request = handlers.get(_SERVICE_REQUEST)
    if request is None or not hasattr(connection, "_next_service"):
        return

    def again(connection: Any, *arguments: Any) -> Any:
        if connection._next_service is None:
            connection._next_service = userauth
        return request(connection, *arguments)

    connection._packet_handlers = {**handlers, _SERVICE_REQUEST: again}


def _authorized(text: str) -> asyncssh.SSHAuthorizedKeys | None:
    """The keys of a file; lines that are not keys are passed over, as OpenSSH does."""
    good = []
    for line in text.splitlines():
        try:
            asyncssh.import_authorized_keys(line)
        except ValueError:
            continue
        good.append(line)
    return asyncssh.import_authorized_keys("\n".join(good) + "\n") if good else None


def _host_key(state: Path, kind: str) -> asyncssh.SSHKey:
    file = state / f"ssh_host_{kind}_key"
    if not file.exists():
        made = asyncssh.generate_private_key(_KINDS[kind])
        write_secret(file, made.export_private_key())
    return asyncssh.read_private_key(file)
