"""Messages between the members of this process, which need no network for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bundlekit.emulator.link import Received, hand_over
from bundlekit.emulator.messages import Outgoing

Publish = Callable[[Outgoing], Awaitable[bool]]


class LocalBus:
    """Hands messages to the links that have subscribed their topics, in the order in which they are published.

    Args:
        publish: how a link publishes; False where that cannot be done just now.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._links: dict[str, list[LocalLink]] = {}

    def link(self, topics: Sequence[str], received: Received, connected: Callable[[], None]) -> LocalLink:
        """A new link for a member.

        Args:
            topics: that are subscribed first of all.
            received: is given what is published on them.
            connected: is called when `topics` are subscribed.
        """
        return LocalLink(self._links, topics, received, connected, self._publish)

    def deliver(self, topic: str, payload: bytes) -> None:
        """Hand a message to whoever listens to its topic here."""
        for link in self._links.get(topic, ()):
            link.take(topic, payload)


class LocalLink:
    """A member's connection to the bus."""

    def __init__(
        self,
        links: dict[str, list[LocalLink]],
        topics: Sequence[str],
        received: Received,
        connected: Callable[[], None],
        publish: Publish,
    ) -> None:
        self._links = links
        self._topics = topics
        self._received = received
        self._connected = connected
        self._publish = publish
        self._waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._is_up = False

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        try:
            for topic in self._topics:
                self._listen(topic)
            self._is_up = True
            self._connected()
            while True:
                await hand_over(self._received, *await self._waiting.get())
        finally:
            self._is_up = False
            for links in self._links.values():
                if self in links:
                    links.remove(self)

    @property
    def is_up(self) -> bool:
        return self._is_up

    async def publish(self, outgoing: Outgoing) -> bool:
        """Publish a message; False where there is no connection to do so."""
        return self._is_up and await self._publish(outgoing)

    async def subscribe(self, topic: str) -> bool:
        """Listen on one more topic for as long as this connection lasts; False where there is none."""
        if self._is_up:
            self._listen(topic)
        return self._is_up

    def take(self, topic: str, payload: bytes) -> None:
        """Be given a message."""
        self._waiting.put_nowait((topic, payload))

    def _listen(self, topic: str) -> None:
        links = self._links.setdefault(topic, [])
        if self not in links:
            links.append(self)
