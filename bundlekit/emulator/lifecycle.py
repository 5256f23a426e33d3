"""What starts and stops, and the work in the background that goes with it."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from bundlekit.emulator.address import SocketAddress

_log = logging.getLogger(__name__)


class Service:
    """An async context manager of what has `start` and `stop`."""

    async def start(self) -> None:
        """Returns when it answers."""
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class Tasks:
    """The tasks of a service. One that fails is told to whoever waits for the service."""

    def __init__(self) -> None:
        self._running: list[asyncio.Task[Any]] = []

    def start(self, *work: Coroutine[Any, Any, Any]) -> None:
        for one in work:
            task = asyncio.create_task(one)
            task.add_done_callback(_tell)
            self._running.append(task)

    async def until(self, ready: Coroutine[Any, Any, Any]) -> None:
        """Wait for `ready`, but no longer than the work goes well; without success the work ends.

        Raises:
            Exception: what the work failed with.
        """
        waiting = asyncio.create_task(ready)
        try:
            await asyncio.wait([waiting, *self._running], return_when=asyncio.FIRST_COMPLETED)
            for task in self._running:
                if task.done():
                    task.result()
        except BaseException:
            await self.stop()
            raise
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        """End the work, in the reverse order of its start."""
        while self._running:
            task = self._running.pop()
            task.cancel()
            await asyncio.wait([task])


class CannotListen(OSError):
    """A service cannot listen where it should.

    Attributes:
        what: the protocol, such as "HTTPS", by which whoever knows the options can say which one moves it.
    """

    def __init__(self, what: str, address: SocketAddress, why: str) -> None:
        super().__init__(f"cannot listen on {address} for {what}: {why}")
        self.what = what
        self.address = address


@contextmanager
def listening(what: str, address: SocketAddress) -> Iterator[None]:
    """Turn the failure to listen at an address into CannotListen.

    Raises:
        CannotListen: the address is in use or not of this machine.
    """
    try:
        yield
    except OSError as error:
        why = "something listens there already" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise CannotListen(what, address, why) from error


def _tell(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("a part of the gateway has failed", exc_info=error)
