"""An MQTT broker within this process, for where no mosquitto runs."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.emulator.address import SocketAddress, send_at_once
from bundlekit.emulator.lifecycle import Service, listening
from bundlekit.emulator.link import Link, Received
from bundlekit.emulator.local_bus import LocalBus
from bundlekit.emulator.messages import Outgoing
from bundlekit.emulator.peers import OwnUserOnly, users_are_known
from bundlekit.errors import CouldNotRun

if TYPE_CHECKING:
    from amqtt.broker import Broker

_log = logging.getLogger(__name__)
_GRACE = 2.0  # seconds that its connections get to close
_LONGEST_PATH = 107  # bytes of a Unix socket's


class EmbeddedBroker(Service):
    """Listens for MQTT. Nobody has to log in, as on a gateway, but only this user and root are let in.

    Args:
        listen: where; port 0 is any free one. A Unix socket has its folder to itself or a name that nothing else has.
        admits: says of a connection whether it is served; the others are closed. By default, and only this machine can
            say it of its own users, `OwnUserOnly`.
        any_port: listen on any free port where the one is taken.
    """

    def __init__(
        self, listen: SocketAddress, admits: Callable[[socket.socket], bool] | None = None, *, any_port: bool = False
    ) -> None:
        self._any_port = any_port
        self._listen = listen
        self._admits = admits or OwnUserOnly(_log.warning).admits
        self._folder: int | None = None
        self._broker: Broker | None = None
        self._bus = LocalBus(self._publish)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> SocketAddress:
        """Where it listens, with the real port once it is started.

        A Unix socket whose path is too long for one has a shorter one, for this process alone.
        """
        if self._listen.path and self._folder is not None:
            return SocketAddress(f"/proc/self/fd/{self._folder}/{self._listen.path.name}", 0)
        if self._listen.path or not self._server:
            return self._listen
        return SocketAddress(self._listen.host, self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: there.
            CouldNotRun: this machine does not say whose a connection is.
        """
        from amqtt.broker import Broker
        from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

        if not self._listen.path and not users_are_known():  # everybody would wait for ever to be let in
            raise CouldNotRun(
                "this machine does not say which user a connection is of, so the broker would refuse every client",
                hint="/proc/net/tcp shows it; a container or a security module may hide that file",
            )
        # It tells of each client that goes without a word, and a bundle may well be killed.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._broker = Broker(
            BrokerConfig(
                # Its connections are made here: a port of its own choice it would not tell.
                listeners={"default": ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins={
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
                    "bundlekit.emulator.overhearing.Overhearing": {"deliver": self._bus.deliver},
                },
            )
        )
        await self._broker.start()
        try:
            with listening("MQTT", self._listen):
                if self._listen.path:
                    opened = self._open_socket(self._listen.path)
                    self._server = await asyncio.start_unix_server(self._connected, sock=opened)
                else:
                    self._server = await self._serve()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all connections too."""
        if self._server:
            if self._listen.path:
                self._listen.path.unlink(missing_ok=True)
            else:
                self._listen = self.address
            self._server.close()
            self._server = None
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None
        if self._broker:
            await self._broker.shutdown()
            self._broker = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_GRACE)

    def link(self, topics: Sequence[str], received: Received, connected: Callable[[], None]) -> Link:
        """A connection for a member of this process.

        Args:
            topics: that are subscribed first of all.
            received: is given what is published on them.
            connected: is called when `topics` are subscribed.
        """
        return self._bus.link(topics, received, connected)

    async def _publish(self, outgoing: Outgoing) -> bool:
        """Publish a message of a member of this process."""
        if not self._broker:
            return False
        self._bus.deliver(outgoing.topic, outgoing.payload)
        if any(
            listeners and (topic == outgoing.topic or "#" in topic or "+" in topic)
            for topic, listeners in self._broker.subscriptions.items()
        ):  # most are for members of this process alone, and a round of the broker takes long
            await self._broker.internal_message_broadcast(outgoing.topic, outgoing.payload)
        return True

    async def _serve(self) -> asyncio.Server:
        try:
            return await asyncio.start_server(self._connected, self._listen.host, self._listen.port)
        except OSError as error:
            if not self._any_port or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            return await asyncio.start_server(self._connected, self._listen.host, 0)

    def _open_socket(self, path: Path) -> socket.socket:
        """A Unix socket for its owner alone, from the beginning."""
        if len(os.fsencode(path)) > _LONGEST_PATH:
            self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        opened = socket.socket(socket.AF_UNIX)
        try:
            path.unlink(missing_ok=True)  # of one that was killed
            os.fchmod(opened.fileno(), 0o600)  # which the file gets when it is made
            opened.bind(self.address.host)
        except BaseException:
            opened.close()
            raise
        return opened

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter

        class Writer(StreamWriterAdapter):  # type: ignore[misc] # it has no types
            def get_peer_info(self) -> tuple[str, int]:
                # It turns those away that have no address, as those over a Unix socket.
                return super().get_peer_info() or ("localhost", 0)

        if not self._admits(writer.get_extra_info("socket")):
            writer.transport.abort()
            return
        assert self._broker  # noqa: S101 - it was started before it listened
        task = asyncio.current_task()
        assert task  # noqa: S101 - this is one
        self._connections.add(task)
        send_at_once(writer)
        try:
            await self._broker.external_connected(StreamReaderAdapter(reader), Writer(writer), "default")
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
