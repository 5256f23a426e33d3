"""A relay on the loopback that cuts the connections which it carries. Needs no root."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

_CHUNK = 4096
_LARGEST = 65_536
_PAUSE = 0.01  # seconds, so that what comes in one flight over a link is one here as well
_ABORT = struct.pack("ii", 1, 0)  # closed with this, a connection is reset: nobody says goodbye


class Relay:
    """Carries TCP connections to an address. A context manager.

    Attributes:
        port: on 127.0.0.1.
        flights: for each connection so far, the bytes of each flight: of what went there before an answer came back.
    """

    def __init__(self, to: tuple[str, int], *, cut_after: int | None = None, cuts: int | None = None) -> None:
        """Listen.

        Args:
            to: host and port.
            cut_after: bytes towards `to` after which a connection is cut; None for never.
            cuts: connections that are cut; None for all.
        """
        self._to = to
        self._cut_after = cut_after
        self._cuts = cuts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.flights: list[list[int]] = []
        self._answered: list[bool] = []
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def carried(self) -> list[int]:
        """For each connection so far, the bytes that went to the address."""
        return [sum(flights) for flights in self.flights]

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
        for end in self._open:
            _abort(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._to)
            except OSError:
                return
            ends = (client, server)
            self._open += ends
            for end in ends:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = len(self.flights)
            self.flights.append([])
            self._answered.append(True)
            for carry in (self._carry_there, self._carry_back):
                threading.Thread(target=carry, args=(*ends, number), daemon=True).start()

    def _carry_there(self, client: socket.socket, server: socket.socket, number: int) -> None:
        is_cut = self._cut_after is not None and (self._cuts is None or number < self._cuts)
        with contextlib.suppress(OSError):
            while data := client.recv(_CHUNK):
                if is_cut and self._cut_after is not None:
                    data = data[: self._cut_after - self.carried[number]]
                server.sendall(data)
                if self._answered[number]:
                    self._answered[number] = False
                    self.flights[number].append(0)
                self.flights[number][-1] += len(data)
                if is_cut and self.carried[number] == self._cut_after:
                    _abort(client)
                    break
            server.shutdown(socket.SHUT_WR)

    def _carry_back(self, client: socket.socket, server: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(_CHUNK):
                time.sleep(_PAUSE)
                with contextlib.suppress(BlockingIOError):
                    data += server.recv(_LARGEST, socket.MSG_DONTWAIT)
                self._answered[number] = True
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


def _abort(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        end.shutdown(socket.SHUT_RD)  # wakes who reads
        end.close()
