"""Whoever of ours takes part by the protocol: registers, stays registered, asks and is asked."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Sequence

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.controller import REGISTRATION, TOPIC
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.link import LocalBroker
from bundlekit.emulator.linking import link_to
from bundlekit.emulator.messages import Message, MessageKind, Outgoing, code_of, decode, encode, id_of, kind_of, read

_PATIENCE = 1.0  # seconds; how long a registration may take before it is tried again
_PAUSE = 0.1  # seconds, before a registration is tried again
_TTL = 60  # seconds
# Bundles number their requests from 0 to 655350, and a view hears the answers to those too.
FIRST_ID, _LAST_ID = 2**20, 2**53


class NotConnected(Exception):
    """There is no connection to the broker just now."""


class Member(Service):
    """A component of the gateway's own.

    Args:
        role: model or view.
        resources: patterns with MQTT wildcards.
    """

    def __init__(
        self, broker: SocketAddress | LocalBroker, *, name: str, description: str, role: str, resources: Sequence[str]
    ) -> None:
        self.name = name
        self._tunnel = uuid.uuid4().hex
        self._profile = {
            "name": name,
            "description": description,
            "role": role,
            "ttl": _TTL,
            "resources": list(resources),
            "hook": [],
            "tunnel": self._tunnel,
        }
        self._link = link_to(broker, [self._tunnel], self._received, self._connected)
        self._expected: dict[int | float, asyncio.Future[Message]] = {}
        self._connections = asyncio.Event()
        self._registered = asyncio.Event()
        self._tasks = Tasks()

    async def start(self) -> None:
        """Returns when it is registered, however long broker and controller take to come up."""
        self._tasks.start(self._link.run(), self._stay_registered())
        await self._tasks.until(self._registered.wait())

    async def stop(self) -> None:
        await self._tasks.stop()

    async def ask(self, request: Message) -> Message:
        """Send a request, which is given its `id` here, and wait for the response.

        Raises:
            NotConnected: the broker is gone.
            Dropped: the controller takes it for no message, so that nobody would ever answer.
        """
        if not self._link.is_up:
            raise NotConnected
        await self._registered.wait()
        return await self._ask(request)

    async def _asked(self, request: Message) -> None:
        """Called with each request that comes, one after the other."""

    async def _publish(self, payload: bytes) -> None:
        if not await self._link.publish(Outgoing(TOPIC, payload)):
            raise NotConnected

    async def _ask(self, request: Message) -> Message:
        number = random.randint(FIRST_ID, _LAST_ID)  # noqa: S311 - a number, no secret
        self._expected[number] = asyncio.get_running_loop().create_future()
        try:
            payload = encode({"id": number, **request})
            await self._publish(payload)
            read(payload)
            return await self._expected[number]
        finally:
            del self._expected[number]

    def _connected(self) -> None:
        self._registered.clear()
        self._connections.set()

    async def _received(self, topic: str, payload: bytes) -> None:
        message = decode(payload)
        if not message:
            return
        number = id_of(message)
        if number is not None and (expected := self._expected.get(number)) and code_of(message) is not None:
            if not expected.done():
                expected.set_result(message)
        elif kind_of(message) in (MessageKind.REQUEST, MessageKind.DIRECT):
            await self._asked(message)

    async def _stay_registered(self) -> None:
        """Register after each connection; a controller that was away may have forgotten us."""
        while True:
            await self._connections.wait()
            self._connections.clear()
            while not self._registered.is_set() and not self._connections.is_set():
                try:
                    async with asyncio.timeout(_PATIENCE):
                        await self._register()
                except (TimeoutError, NotConnected):
                    await asyncio.sleep(_PAUSE)

    async def _register(self) -> None:
        direct = {"resource": REGISTRATION, "tunnel": self._tunnel, "data": self._profile}
        await self._ask({**direct, "method": "delete"})
        response = await self._ask({**direct, "method": "post"})
        if response["code"] == 200 and await self._link.subscribe(response["data"]["tunnel"]):
            self._registered.set()
