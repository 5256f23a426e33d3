"""The controller on a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.controller import TOPICS, Controller
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.link import LocalBroker
from bundlekit.emulator.linking import link_to
from bundlekit.emulator.messages import Outgoing


class Observer(Protocol):
    """Is told of each message that the controller got and what it published because of it, `now` being when it came."""

    def observe(self, now: float, topic: str, payload: bytes, outgoing: Sequence[Outgoing]) -> None:
        """Is told of a message.

        Args:
            now: when the message came, in seconds of the clock of the controller.
            topic: that it was published on.
            payload: of the message.
            outgoing: what the controller published because of it.
        """
        ...

    def expire(self, now: float, outgoing: Sequence[Outgoing]) -> None:
        """Is told what the controller published because a ttl was over."""


class ControllerService(Service):
    """Runs a controller."""

    def __init__(
        self,
        broker: SocketAddress | LocalBroker,
        controller: Controller | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.controller = controller or Controller()
        self._observer = observer
        self._answers = asyncio.Event()
        self._link = link_to(broker, TOPICS, self._received, self._answers.set)
        self._fed = asyncio.Event()
        self._tasks = Tasks()

    async def start(self) -> None:
        """Returns when it answers, however long the broker takes to come up."""
        self._tasks.start(self._link.run(), self._watch_deadlines())
        await self._tasks.until(self._answers.wait())

    async def stop(self) -> None:
        await self._tasks.stop()

    async def _received(self, topic: str, payload: bytes) -> None:
        now = _now()
        outgoing = self.controller.feed(topic, payload, now)
        if self._observer:
            self._observer.observe(now, topic, payload, outgoing)
        await self._publish(outgoing)
        self._fed.set()

    async def _watch_deadlines(self) -> None:
        while True:
            self._fed.clear()
            deadline = self.controller.deadline
            try:
                async with asyncio.timeout_at(deadline):
                    await self._fed.wait()
            except TimeoutError:
                now = _now()
                outgoing = self.controller.expire(now)
                if self._observer:
                    self._observer.expire(now, outgoing)
                await self._publish(outgoing)

    async def _publish(self, messages: Iterable[Outgoing]) -> None:
        for message in messages:
            await self._link.publish(message)


def _now() -> float:
    return asyncio.get_running_loop().time()
