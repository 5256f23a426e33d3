"""Chooses how a member is connected to its broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.link import Link, LocalBroker, Received


def link_to(
    broker: SocketAddress | LocalBroker, topics: Sequence[str], received: Received, connected: Callable[[], None]
) -> Link:
    """A connection to a broker.

    Args:
        broker: where it listens, or itself where it is in this process.
        topics: that are subscribed first of all.
        received: is given what is published on them.
        connected: is called whenever a connection stands and `topics` are subscribed.
    """
    if isinstance(broker, SocketAddress):
        from bundlekit.emulator.mqtt_link import MqttLink

        return MqttLink(broker, topics, received, connected)
    return broker.link(topics, received, connected)
