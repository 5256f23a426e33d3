"""An emulated gateway in one process: broker, controller, built-in resources and REST front."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.broker import EmbeddedBroker
from bundlekit.emulator.builtin import builtins
from bundlekit.emulator.builtin.system import KeptSystem, System
from bundlekit.emulator.bundlelog import BundleLog
from bundlekit.emulator.certificate import CERTIFICATE, ensure_certificate, server_context
from bundlekit.emulator.console.routes import Console
from bundlekit.emulator.console.trace import Trace
from bundlekit.emulator.controller import Controller
from bundlekit.emulator.lifecycle import Service
from bundlekit.emulator.peers import OwnUserOnly
from bundlekit.emulator.rest import RestFront
from bundlekit.emulator.service import ControllerService
from bundlekit.emulator.tokens import OWN, Tokens

_log = logging.getLogger(__name__)
ANY_PORT = SocketAddress("127.0.0.1", 0)
OWN_LOG = "(gateway)"  # among those of the bundles; no bundle is called so
_ANY = ("0.0.0.0", "::")  # noqa: S104 - what it would be reached by is not known then


class EmulatedGateway(Service):
    """Everything of a gateway but the bundles.

    Args:
        state: a folder for what stays over restarts: certificate, key, tokens.
        broker: of somebody else; None for one of its own, at
        mqtt: where that one listens.
        listen: for HTTPS.
        http: for plain HTTP besides; None for none.
        system: what the built-in resources tell of and change; by default kept in the state folder.
        tell: hears of what happens to the gateway itself, a line each, which the console shows besides.
        strict: the controller makes the worst happen of what happens only sometimes.
        without: built-in resources that are left out, with what is below them.
        any_mqtt: its broker listens on any free port where `mqtt` is taken.

    Attributes:
        admits: says of a connection to the broker whether it is this user's or root's.
        controller: says who is registered.
        log: takes what the bundles print.
        restart: what `/system/reboot` does, where no `system` was given; starts again what runs here.
        trace: what went by; its `registry.declare` takes a bundle.json, for the console to know methods by.
    """

    def __init__(
        self,
        state: Path,
        *,
        broker: SocketAddress | None = None,
        mqtt: SocketAddress = ANY_PORT,
        listen: SocketAddress = ANY_PORT,
        http: SocketAddress | None = None,
        system: System | None = None,
        tell: Callable[[str], None] = _log.warning,
        strict: bool = False,
        without: Sequence[str] = (),
        any_mqtt: bool = False,
    ) -> None:
        self.state = state
        self.admits = OwnUserOnly(self.report).admits
        self.tell = tell
        self.controller = Controller(strict=strict)
        self.log = BundleLog()
        self.trace = Trace(self.controller, tell=self.report)
        self.trace.registry.declare({"name": "rest"}, own=True)
        self._outside_broker = broker
        self._mqtt = mqtt
        self._any_mqtt = any_mqtt
        self._without = without
        self._listen = listen
        self._http = http
        self._system = system
        self.restart: Callable[[], Awaitable[None]] | None = None
        self._parts = AsyncExitStack()
        self._broker: SocketAddress | None = None
        self._front: RestFront | None = None

    def report(self, text: str) -> None:
        """Say what happens to the gateway itself."""
        self.log.add(OWN_LOG, text)
        self.tell(text)

    @property
    def broker(self) -> SocketAddress:
        """Where bundles connect to, once it is started."""
        assert self._broker  # noqa: S101 - a fault of the caller's
        return self._broker

    @property
    def is_moved(self) -> bool:
        """Whether its broker is not where it was to listen, since that port is taken."""
        return self._any_mqtt and self._outside_broker is None and self.broker.port != self._mqtt.port

    @property
    def url(self) -> str:
        """What goes before `/api/v1`, once it is started."""
        assert self._front  # noqa: S101 - a fault of the caller's
        return f"https://{self._front.address}"

    @property
    def http_url(self) -> str | None:
        """The same by plain HTTP, where that was asked for."""
        assert self._front  # noqa: S101 - a fault of the caller's
        return f"http://{self._front.http_address}" if self._front.http_address else None

    @property
    def token_file(self) -> Path:
        return self.state / OWN

    @property
    def token(self) -> str:
        """Its own token, for reading and writing; made at the first start."""
        return self.token_file.read_text(encoding="ascii").strip()

    @property
    def certificate(self) -> Path:
        """The PEM file by which a client knows its HTTPS, once it is started."""
        return self.state / CERTIFICATE

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: a port is taken. OSError: the state folder cannot be written.
            Unreadable: a file in it is damaged. BadUsage: it has no resource that it is to be without.
        """
        tokens = Tokens(self.state)
        ensure_certificate(self.state, () if self._listen.host in _ANY else (self._listen.host,), self.report)
        try:
            await self._start_parts(tokens)
        except BaseException:
            await self._parts.aclose()
            raise

    async def stop(self) -> None:
        await self._parts.aclose()

    async def _restart(self) -> None:
        if self.restart:
            await self.restart()

    async def _start_parts(self, tokens: Tokens) -> None:
        start = self._parts.enter_async_context
        broker: SocketAddress | EmbeddedBroker
        if self._outside_broker:
            broker = self._broker = self._outside_broker
        else:
            broker = await start(EmbeddedBroker(self._mqtt, self.admits, any_port=self._any_mqtt))
            self._broker = broker.address
        await start(ControllerService(broker, self.controller, self.trace))
        system = self._system or KeptSystem(self.state, self._restart)
        for builtin in builtins(broker, system, self._without):
            await start(builtin)
            self.trace.registry.declare(builtin.manifest, own=True)
        self._front = await start(
            RestFront(
                broker,
                listen=self._listen,
                http=self._http,
                authorizer=tokens.scope_of,
                tls=server_context(self.certificate),
                tell=self.report,
                mount=[Console(self.trace, self.log, self.state).add_to],
            )
        )
