"""A connection to a broker over the network."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Sequence

import aiomqtt

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.link import Received, hand_over
from bundlekit.emulator.messages import Outgoing

_log = logging.getLogger(__name__)
_PAUSE = 0.1  # seconds between two tries


class MqttLink:
    """A connection over the network, made anew whenever it is lost. The arguments are those of `link_to`."""

    def __init__(
        self, broker: SocketAddress, topics: Sequence[str], received: Received, connected: Callable[[], None]
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._received = received
        self._connected = connected
        self._client: aiomqtt.Client | None = None

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        told = False
        while True:
            try:
                await self._run_once()
            except aiomqtt.MqttError as error:
                if self.is_up or not told:
                    _log.warning("waiting for the broker at %s: %s", self._broker, error)
                told = True
            finally:
                self._client = None
            await asyncio.sleep(_PAUSE)

    @property
    def is_up(self) -> bool:
        return self._client is not None

    async def publish(self, outgoing: Outgoing) -> bool:
        """Publish a message; False where there is no connection to do so."""
        if not self._client:
            return False
        try:
            await self._client.publish(outgoing.topic, outgoing.payload)
        except aiomqtt.MqttError:
            return False
        return True

    async def subscribe(self, topic: str) -> bool:
        """Listen on one more topic for as long as this connection lasts; False where there is none."""
        if not self._client:
            return False
        try:
            await self._client.subscribe(topic)
        except aiomqtt.MqttError:
            return False
        return True

    async def _run_once(self) -> None:
        if self._broker.path:
            client = aiomqtt.Client(self._broker.host, transport="unix")
        else:
            nodelay = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = aiomqtt.Client(self._broker.host, self._broker.port, socket_options=[nodelay])
        client.pending_calls_threshold = sys.maxsize  # it warns of more, and more than a few is normal here
        async with client:
            for topic in self._topics:
                await client.subscribe(topic)
            self._connected()
            self._client = client
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                await hand_over(self._received, str(message.topic), payload)
