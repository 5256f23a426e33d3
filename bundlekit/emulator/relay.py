"""A way between a client and a server, on which things can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bundlekit.emulator.address import SocketAddress, send_at_once
from bundlekit.emulator.lifecycle import Service, listening

_CHUNK = 65536  # bytes; what a pipe holds

Send = Callable[[bytes], Awaitable[None]]
Carry = Callable[[asyncio.StreamReader, Send, Send], Coroutine[Any, Any, None]]
"""Carries what a client says to the server until the client has said all: reads, sends on, sends back."""


async def carry(client: asyncio.StreamReader, on: Send, _back: Send) -> None:
    """Carries everything as it comes."""
    while data := await client.read(_CHUNK):
        await on(data)


class Relay(Service):
    """Leads connections to a server.

    Args:
        listen: where it listens, or a socket that does so already.
        to: the server.
        carry: what happens to what clients say.
        admits: says of a connection whether it is led on; the others are closed.
        what: the protocol, for messages.

    Attributes:
        is_away: whether it breaks new connections off, as if nothing listened.
    """

    def __init__(
        self,
        listen: SocketAddress | socket.socket,
        to: SocketAddress,
        carry: Carry = carry,
        *,
        admits: Callable[[socket.socket], bool] = lambda _: True,
        what: str = "the relay",
    ) -> None:
        self._listen = listen
        self._to = to
        self._carry = carry
        self._admits = admits
        self._what = what
        self.is_away = False
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> SocketAddress:
        """Where it listens, once it is started."""
        assert self._server  # noqa: S101 - a fault of the caller's
        host, port = self._server.sockets[0].getsockname()[:2]
        return SocketAddress(host, port)

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: there.
        """
        if isinstance(self._listen, socket.socket):
            self._server = await asyncio.start_server(self._connected, sock=self._listen)
            return
        with listening(self._what, self._listen):
            self._server = await asyncio.start_server(self._connected, self._listen.host, self._listen.port)

    async def stop(self) -> None:
        """Ends all connections too."""
        if self._server:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Break all connections off."""
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 - this is one
        self._connections.add(task)
        try:
            if self.is_away or not self._admits(writer.get_extra_info("socket")):
                raise ConnectionRefusedError
            inner_reader, inner_writer = await self._to.connect()
        except (OSError, asyncio.CancelledError):
            self._connections.discard(task)
            writer.transport.abort()
            return
        send_at_once(writer)
        send_at_once(inner_writer)
        back = asyncio.create_task(carry(inner_reader, _sender(writer), _sender(inner_writer)))
        on = asyncio.create_task(self._carry(reader, _sender(inner_writer), _sender(writer)))
        # A side that has said all may still hear, so its end is passed on and no more.
        back.add_done_callback(lambda _: _end(writer))
        on.add_done_callback(lambda _: _end(inner_writer))
        try:
            await asyncio.gather(on, back)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            inner_writer.transport.abort()
        finally:
            for each in (on, back):
                each.cancel()
            await asyncio.wait([on, back])
            writer.close()
            inner_writer.close()
            self._connections.discard(task)


def _sender(writer: asyncio.StreamWriter) -> Send:
    async def send(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    return send


def _end(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        if not writer.is_closing() and writer.can_write_eof():
            writer.write_eof()
