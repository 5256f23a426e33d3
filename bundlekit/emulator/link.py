"""How the gateway's own members are connected to a broker: over the network, or within this process."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bundlekit.emulator.messages import Outgoing

_log = logging.getLogger(__name__)


Received = Callable[[str, bytes], Awaitable[None]]
"""Is given the topic and the payload of each message, one after the other."""


class Link(Protocol):
    """Publishes, and hands on what arrives."""

    async def run(self) -> None:
        """Keep the connection up until cancelled."""

    @property
    def is_up(self) -> bool:
        """Whether there is a connection just now."""
        ...

    async def publish(self, outgoing: Outgoing) -> bool:
        """Publish a message; False where there is no connection to do so."""
        ...

    async def subscribe(self, topic: str) -> bool:
        """Listen on one more topic for as long as this connection lasts; False where there is none."""
        ...


class LocalBroker(Protocol):
    """A broker of this process, which its members reach without the network."""

    def link(self, topics: Sequence[str], received: Received, connected: Callable[[], None]) -> Link:
        """A connection to it.

        Args:
            topics: that are subscribed first of all.
            received: is given what is published on them.
            connected: is called whenever a connection stands and `topics` are subscribed.
        """
        ...


async def hand_over(received: Received, topic: str, payload: bytes) -> None:
    """Hand a message on. Anybody may publish anything, and one message must not end the others.

    Args:
        received: is given the message.
        topic: of the message.
        payload: of the message.
    """
    try:
        await received(topic, payload)
    except Exception:
        _log.exception("a message on %s could not be taken", topic)
