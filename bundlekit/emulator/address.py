"""Where something listens."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class SocketAddress:
    """A TCP port, or a Unix socket.

    Attributes:
        host: name or address; or the path of a Unix socket, which begins with a slash.
        port: 0 for a Unix socket, or where any free one will do.
    """

    host: str
    port: int

    @property
    def path(self) -> Path | None:
        """Of a Unix socket; None for a port."""
        return Path(self.host) if self.host.startswith("/") else None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to what listens there.

        Raises:
            OSError: nothing does.
        """
        if self.path:
            return await asyncio.open_unix_connection(self.path)
        return await asyncio.open_connection(self.host, self.port)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST:PORT`, an IPv6 host in brackets.

        Raises:
            ValueError: it is not of that form.
        """
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host, int(port))

    def __str__(self) -> str:
        if self.path:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def send_at_once(writer: asyncio.StreamWriter) -> None:
    """Have a connection's small packets not wait for one another."""
    connection = writer.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
