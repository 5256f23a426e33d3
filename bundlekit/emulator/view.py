"""A view on every resource: asks the models and hears their answers."""

from __future__ import annotations

import asyncio
import random
import uuid

from bundlekit.emulator.address import Address
from bundlekit.emulator.controller import REGISTRATION, TOPIC
from bundlekit.emulator.lifecycle import Tasks
from bundlekit.emulator.link import Link
from bundlekit.emulator.messages import Kind, Message, Outgoing, decode, encode, kind_of

_PATIENCE = 1.0  # seconds; how long a registration may take before it is tried again
_PAUSE = 0.1
# Bundles number their requests from 0 to 655350, and a view hears the answers to those too.
_FIRST_ID, _LAST_ID = 2**20, 2**53


class NotConnected(Exception):
    """There is no connection to the broker just now."""


class View:
    """Registers as a view on `/#`."""

    def __init__(self, broker: Address, name: str) -> None:
        self._name = name
        self._tunnel = uuid.uuid4().hex
        self._link = Link(broker, [self._tunnel], self._received, self._connected)
        self._expected: dict[int, asyncio.Future[Message]] = {}
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
        """
        if not self._link.is_up:
            raise NotConnected
        await self._registered.wait()
        return await self._ask(request)

    async def _ask(self, request: Message) -> Message:
        number = random.randint(_FIRST_ID, _LAST_ID)  # noqa: S311 - a number, no secret
        self._expected[number] = asyncio.get_running_loop().create_future()
        try:
            if not await self._link.publish(Outgoing(TOPIC, encode({"id": number, **request}))):
                raise NotConnected
            return await self._expected[number]
        finally:
            del self._expected[number]

    def _connected(self) -> None:
        self._registered.clear()
        self._connections.set()

    async def _received(self, topic: str, payload: bytes) -> None:
        message = decode(payload)
        if message and kind_of(message) is Kind.RESPONSE and isinstance(message["id"], int):
            expected = self._expected.get(message["id"])
            if expected and not expected.done():
                expected.set_result(message)

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
        profile = {
            "name": self._name,
            "description": "REST front",
            "role": "view",
            "ttl": 60,
            "resources": ["/#"],
            "hook": [],
            "tunnel": self._tunnel,
        }
        direct = {"resource": REGISTRATION, "tunnel": self._tunnel, "data": profile}
        await self._ask({**direct, "method": "delete"})
        response = await self._ask({**direct, "method": "post"})
        if response["code"] == 200 and await self._link.subscribe(response["data"]["tunnel"]):
            self._registered.set()
