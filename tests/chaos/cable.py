"""The way of a connection from a desk to its gateway, which ends at a byte or at a word; later ones get through."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_CHUNK = 4096
_ABORT = struct.pack("ii", 1, 0)  # closed with this, a connection is reset: nobody says goodbye


@dataclass
class Carried:
    """Bytes of the first connection: to the gateway, and back."""

    out: int = 0
    back: int = 0


@dataclass
class Cable:
    """A relay on the loopback. A context manager.

    Attributes:
        to: host and port.
        way: the direction that counts, `out` or `back`; the first connection ends after so many
        limit: bytes of it, None for never.
        silently: it stays open and carries nothing any more.
        carried: so far.
    """

    to: tuple[str, int]
    way: str = "out"
    limit: int | None = None
    silently: bool = False
    carried: Carried = field(default_factory=Carried)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._ends: list[socket.socket] = []
        self._silent = False
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._ends:
            _abort(end)

    def cut(self) -> None:
        """End the first connection now."""
        if self._silently_from_now_on():
            return
        for end in self._ends[:2]:
            _abort(end)

    @property
    def is_silent(self) -> bool:
        """Whether it carries nothing any more."""
        return self._silent

    def _silently_from_now_on(self) -> bool:
        self._silent = self._silent or self.silently
        return self._silent

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(self.to)
            except OSError:
                return
            is_first = not self._ends
            self._ends += (client, server)
            for ends, way in (((client, server), "out"), ((server, client), "back")):
                threading.Thread(target=self._carry, args=(*ends, way, is_first), daemon=True).start()

    def _carry(self, start: socket.socket, end: socket.socket, way: str, is_first: bool) -> None:
        with contextlib.suppress(OSError):
            while data := start.recv(_CHUNK):
                if is_first and self._silent:
                    continue
                if is_first and way == self.way and self.limit is not None:
                    data = data[: self.limit - getattr(self.carried, way)]
                end.sendall(data)
                if is_first:
                    setattr(self.carried, way, getattr(self.carried, way) + len(data))
                    if way == self.way and getattr(self.carried, way) == self.limit:
                        self.cut()
            if not (is_first and self._silent):
                end.shutdown(socket.SHUT_WR)


def _abort(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        end.shutdown(socket.SHUT_RD)  # wakes who reads
        end.close()
