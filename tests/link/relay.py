"""A relay on the loopback that cuts the connections which it carries. Needs no root."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

_CHUNK = 4096
_LARGEST = 65_536
_PAUSE = 0.01  # seconds, so that what comes in one flight over a link is one here as well
_ABORT = struct.pack("ii", 1, 0)  # closed with this, a connection is reset: nobody says goodbye


@dataclass
class Carried:
    """Bytes of a connection.

    Attributes:
        out: that went to the address.
        back: that came from there.
        flights: the bytes of each flight: of what went there before an answer came back.
        port: from which the address is spoken to.
    """

    port: int = 0
    out: int = 0
    back: int = 0
    flights: list[int] = field(default_factory=list)
    is_answered: bool = True

    def add(self, way: str, count: int) -> None:
        """Count what was carried."""
        if way == "back":
            self.back += count
            return
        self.out += count
        if self.is_answered:
            self.is_answered = False
            self.flights.append(0)
        self.flights[-1] += count


class Relay:
    """Carries TCP connections to an address. A context manager.

    Attributes:
        port: on the loopback.
        connections: what each of them carried so far.
        is_silent: whether those that are cut carry nothing any more, and are open.
    """

    def __init__(
        self,
        to: tuple[str, int],
        *,
        cut_after: int | None = None,
        way: str = "out",
        cuts: int | None = None,
        ending: Literal["close", "reset", "silence"] = "close",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Listen.

        Args:
            to: host and port.
            cut_after: bytes after which a connection is cut; None for never.
            way: that these bytes go: `out` to the address or `back`.
            cuts: connections that are cut; None for all.
            ending: what a cut is for the address: an end in order, after all that was sent; an end at once; or
                nothing, for nobody hears anything any more.
            host: to listen at, an address of the loopback.
            port: to listen on; 0 for any that is free.
        """
        self._to = to
        self._cut_after = cut_after
        self._way = way
        self._cuts = cuts
        self._ending = ending
        self._listening = socket.create_server((host, port))
        self.port: int = self._listening.getsockname()[1]
        self.connections: list[Carried] = []
        self.is_silent = False
        self._ends: list[tuple[socket.socket, socket.socket]] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def flights(self) -> list[list[int]]:
        """For each connection so far, the bytes of each flight to the address."""
        return [connection.flights for connection in self.connections]

    @property
    def carried(self) -> list[int]:
        """For each connection so far, the bytes that went to the address."""
        return [connection.out for connection in self.connections]

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join()
        for ends in self._ends:
            for end in ends:
                _abort(end)

    def cut(self) -> None:
        """Cut now those that are cut at all."""
        for number in range(len(self._ends)):
            if self._is_cut(number):
                self._end(number)

    def _is_cut(self, number: int) -> bool:
        return self._cuts is None or number < self._cuts

    def _end(self, number: int) -> None:
        if self._ending == "silence":
            self.is_silent = True
            return
        client, server = self._ends[number]
        _abort(client)
        if self._ending == "reset":
            _abort(server)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._to)
            except OSError:  # nobody is there for a while
                _abort(client)
                continue
            ends = (client, server)
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = len(self._ends)
            self._ends.append(ends)
            self.connections.append(Carried(server.getsockname()[1]))
            for carry in (self._carry_out, self._carry_back):
                threading.Thread(target=carry, args=(*ends, number), daemon=True).start()

    def _carry_out(self, client: socket.socket, server: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_CHUNK):
                self._carry(data, server, "out", number)
        self._pass_on_the_end(server, number)

    def _carry_back(self, client: socket.socket, server: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(_CHUNK):
                time.sleep(_PAUSE)
                with contextlib.suppress(BlockingIOError):
                    data += server.recv(_LARGEST, socket.MSG_DONTWAIT)
                self.connections[number].is_answered = True
                self._carry(data, client, "back", number)
        self._pass_on_the_end(client, number)

    def _pass_on_the_end(self, end: socket.socket, number: int) -> None:
        if not self._holds(number):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_WR)

    def _carry(self, data: bytes, end: socket.socket, way: str, number: int) -> None:
        if self._holds(number):
            return
        limit = self._cut_after if way == self._way and self._is_cut(number) else None
        carried = self.connections[number]
        if limit is not None:
            data = data[: limit - getattr(carried, way)]
        end.sendall(data)
        carried.add(way, len(data))
        if getattr(carried, way) == limit:
            self._end(number)

    def _holds(self, number: int) -> bool:
        return self.is_silent and self._is_cut(number)


def _abort(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        end.shutdown(socket.SHUT_RD)  # wakes who reads
        end.close()
