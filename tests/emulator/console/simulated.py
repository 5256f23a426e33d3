"""Components that speak the protocol without our code and without the SDK."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt

from bundlekit.emulator.address import SocketAddress

Message = dict[str, Any]
Handler = Callable[[Message], Message | None]
"""Makes what is added to a request for an answer; None for no answer."""

_numbers = itertools.count(1)


class Simulated:
    """A component that is registered."""

    def __init__(self, client: aiomqtt.Client, name: str) -> None:
        self._client = client
        self.name = name

    async def send(self, message: Message) -> None:
        """Say something of its own accord."""
        await self._client.publish("/controller", json.dumps(message))

    async def ask(self, method: str, resource: str) -> None:
        """Ask, and do not listen."""
        await self.send({"id": next(_numbers), "method": method, "resource": resource})

    async def leave(self) -> None:
        data = {"name": self.name}
        await self.send(_direct("delete", "nobody", data))


@asynccontextmanager
async def simulated(
    broker: SocketAddress,
    name: str,
    resources: Sequence[str],
    answer: Handler = lambda request: {"data": request.get("data")},
    **profile: Any,
) -> AsyncIterator[Simulated]:
    """A component from its registration until its death, of which it tells nobody."""
    tunnel, ready = uuid.uuid4().hex, asyncio.Event()

    async def serve(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard = json.loads(message.payload)
            if heard.get("sign") == ["controller"] and "tunnel" in (heard.get("data") or {}):
                await client.subscribe(heard["data"]["tunnel"])
                ready.set()
            elif "sign" not in heard and heard.get("id") and (answered := answer(heard)) is not None:
                response = {**heard, "code": 200, "sign": [name], **answered}
                response.pop("tunnel", None)
                await client.publish("/controller", json.dumps(response))

    async with aiomqtt.Client(broker.host, broker.port) as client:
        client.pending_calls_threshold = 10_000
        await client.subscribe(tunnel)
        serving = asyncio.create_task(serve(client))
        data = {"name": name, "description": f"{name} bundle", "role": "model", "ttl": 10, "resources": list(resources)}
        for method in ("delete", "post"):
            await client.publish(
                "/controller", json.dumps(_direct(method, tunnel, {**data, "tunnel": tunnel, **profile}))
            )
        await ready.wait()
        try:
            yield Simulated(client, name)
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def _direct(method: str, tunnel: str, data: Message) -> Message:
    return {
        "id": next(_numbers),
        "method": method,
        "resource": "/controller/registration",
        "tunnel": tunnel,
        "data": data,
    }
