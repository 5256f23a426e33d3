"""What the broker is sent by its clients, for the members of this process: a plugin of amqtt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amqtt.contexts import BaseContext
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.plugins.base import BasePlugin
from amqtt.session import ApplicationMessage, Session


class Overhearing(BasePlugin[BaseContext]):  # type: ignore[misc] # it has no types
    """Hands on each message that the broker hands to its clients, and their wills. amqtt makes it, by its name."""

    @dataclass
    class Config:
        """What the broker's settings give it.

        Attributes:
            deliver: is given the topic and the payload of each message.
        """

        deliver: Any

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._deliver = context.config.deliver

    async def on_broker_message_broadcast(self, *, message: ApplicationMessage, **_: Any) -> None:
        """A client has published a message."""
        self._deliver(message.topic, bytes(message.data))

    async def on_mqtt_packet_received(self, *, packet: Any, session: Session | None = None, **_: Any) -> None:
        """A client that says goodbye has no will any more."""
        if session and isinstance(packet, DisconnectPacket):
            session.will_flag = False

    async def on_broker_client_disconnected(self, *, client_session: Session, **_: Any) -> None:
        """A client has gone; its will is published, and amqtt does not tell of that."""
        if client_session.will_flag:
            self._deliver(client_session.will_topic, bytes(client_session.will_message or b""))
