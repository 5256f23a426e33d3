"""A component that answers for a resource, as one on the SDK does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.link import LocalBroker
from bundlekit.emulator.member import Member, NotConnected
from bundlekit.emulator.messages import Message, encode

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler is told.

    Attributes:
        query: of the resource, each name with all its values.
        data: None where there is none.
    """

    query: Mapping[str, list[str]]
    data: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers with 200.

    Attributes:
        then: is done when the answer is on its way.
    """

    data: Any
    then: Callable[[], Awaitable[None]] | None = None


class BadRequest(Exception):
    """A request that a handler does not accept; its text tells the asker why."""


Handler = Callable[[Request], Reply]


class Model(Member):
    """Answers for one resource.

    Args:
        handlers: by method, in lower case.

    Attributes:
        resource: that it answers for.
    """

    def __init__(
        self, broker: SocketAddress | LocalBroker, resource: str, description: str, handlers: Mapping[str, Handler]
    ) -> None:
        name = resource.removeprefix("/").replace("/", "-")
        super().__init__(broker, name=name, description=description, role="model", resources=[resource])
        self.resource = resource
        self._handlers = handlers
        self._afterwards: set[asyncio.Task[None]] = set()

    @property
    def manifest(self) -> dict[str, Any]:
        """What its bundle.json would say, had it one."""
        return {"name": self.name, "resources": [{"resource": self.resource, "methods": list(self._handlers)}]}

    async def stop(self) -> None:
        for task in self._afterwards:
            task.cancel()
        await super().stop()

    async def _asked(self, request: Message) -> None:
        code, answer = self._answer(request)
        response = {key: value for key, value in request.items() if key != "tunnel"}
        try:
            await self._publish(encode({**response, "code": code, "sign": [self.name], "data": answer.data}))
        except NotConnected:
            return
        if answer.then:
            task = asyncio.create_task(_do(answer.then))
            self._afterwards.add(task)
            task.add_done_callback(self._afterwards.discard)

    def _answer(self, request: Message) -> tuple[int, Reply]:
        path, _, query = request["resource"].partition("?")
        handler = self._handlers.get(request["method"].lower())
        if not handler:
            return 404, Reply({"message": f"Route '{path}' not found."})
        try:
            return 200, handler(Request(parse_qs(query, keep_blank_values=True), request.get("data")))
        except BadRequest as refused:
            return 400, Reply({"message": str(refused)})
        except Exception:
            _log.exception("%s could not be answered", path)
            return 500, Reply({"message": "Internal Error."})


def settings(data: Any) -> dict[str, Any]:
    """The fields of a change; what is no field of the resource is left to itself, as the vendor's bundles do.

    Raises:
        BadRequest: it is no object.
    """
    if not isinstance(data, dict):
        raise BadRequest("The body must be an object.")
    return data


async def _do(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        _log.exception("what follows an answer has failed")
