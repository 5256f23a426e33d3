"""The controller on a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bundlekit.emulator.address import Address
from bundlekit.emulator.controller import TOPICS, Controller
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.link import Link
from bundlekit.emulator.messages import Outgoing


class ControllerService(Service):
    """Runs a controller."""

    def __init__(self, broker: Address, controller: Controller | None = None) -> None:
        self.controller = controller or Controller()
        self._answers = asyncio.Event()
        self._link = Link(broker, TOPICS, self._received, self._answers.set)
        self._fed = asyncio.Event()
        self._tasks = Tasks()

    async def start(self) -> None:
        """Returns when it answers, however long the broker takes to come up."""
        self._tasks.start(self._link.run(), self._watch_deadlines())
        await self._tasks.until(self._answers.wait())

    async def stop(self) -> None:
        await self._tasks.stop()

    async def _received(self, topic: str, payload: bytes) -> None:
        await self._publish(self.controller.feed(topic, payload, _now()))
        self._fed.set()

    async def _watch_deadlines(self) -> None:
        while True:
            self._fed.clear()
            deadline = self.controller.deadline
            try:
                async with asyncio.timeout_at(deadline):
                    await self._fed.wait()
            except TimeoutError:
                await self._publish(self.controller.expire(_now()))

    async def _publish(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            await self._link.publish(message)


def _now() -> float:
    return asyncio.get_running_loop().time()
