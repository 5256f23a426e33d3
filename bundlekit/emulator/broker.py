"""An MQTT broker within this process, for where no mosquitto runs."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from bundlekit.emulator.address import Address
from bundlekit.emulator.lifecycle import Service, listening

if TYPE_CHECKING:
    from amqtt.broker import Broker

_GRACE = 2.0  # seconds that its connections get to close


class EmbeddedBroker(Service):
    """Listens for MQTT over TCP. Nobody has to log in, as on a gateway.

    Args:
        listen: where; port 0 is any free one.
    """

    def __init__(self, listen: Address) -> None:
        self._listen = listen
        self._broker: Broker | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> Address:
        """Where it listens, with the real port once it is started."""
        if not self._server:
            return self._listen
        return Address(self._listen.host, self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: there.
        """
        from amqtt.broker import Broker
        from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

        # It tells of each client that goes without a word, and a bundle may well be killed.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._broker = Broker(
            BrokerConfig(
                # Its connections are made here: a port of its own choice it would not tell.
                listeners={"default": ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            )
        )
        await self._broker.start()
        try:
            with listening("MQTT", self._listen):
                self._server = await asyncio.start_server(self._connected, self._listen.host, self._listen.port)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends all connections too."""
        if self._server:
            self._listen = self.address
            self._server.close()
            self._server = None
        if self._broker:
            await self._broker.shutdown()
            self._broker = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_GRACE)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter

        assert self._broker  # noqa: S101 - it was started before it listened
        task = asyncio.current_task()
        assert task  # noqa: S101 - this is one
        self._connections.add(task)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._broker.external_connected(StreamReaderAdapter(reader), StreamWriterAdapter(writer), "default")
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
