"""The connection to a broker, made anew whenever it is lost."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self

import aiomqtt

from bundlekit.emulator.messages import Outgoing

_log = logging.getLogger(__name__)
_PAUSE = 0.1  # seconds between two tries


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`, an IPv6 host in brackets.

        Raises:
            ValueError: it is not of that form.
        """
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Link:
    """Publishes, and hands on what arrives.

    Args:
        received: is given the topic and the payload of each message, one after the other.
        connected: is called whenever a connection stands and `topics` are subscribed.
    """

    def __init__(
        self,
        broker: Address,
        topics: Sequence[str],
        received: Callable[[str, bytes], Awaitable[None]],
        connected: Callable[[], None],
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

    async def subscribe(self, topic: str) -> None:
        """Listen on one more topic for as long as this connection lasts."""
        if self._client:
            await self._client.subscribe(topic)

    async def _run_once(self) -> None:
        nodelay = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = aiomqtt.Client(self._broker.host, self._broker.port, socket_options=[nodelay])
        async with client:
            for topic in self._topics:
                await client.subscribe(topic)
            self._connected()
            self._client = client
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                await self._received(str(message.topic), payload)
