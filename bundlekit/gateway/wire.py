"""A byte stream to a gateway, TLS on it, and one moment by which all has to be over."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from bundlekit.errors import GatewayUnreachable, reason_of
from bundlekit.gateway.endpoint import Endpoint
from bundlekit.gateway.trust import Trust

_PIECE = 16_384  # bytes of one TLS record, so that the deadline is looked at between two


class ByteStream(Protocol):
    """What a socket and an SSH channel have in common."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> object: ...
    def settimeout(self, seconds: float | None, /) -> None: ...
    def close(self) -> None: ...


Opener = Callable[[float], ByteStream]
"""Opens a stream within so many seconds; raises a BundlekitError or an OSError."""


class Wire:
    """What `http.client` takes for a socket. Whatever is not over by the deadline raises TimeoutError, however busy
    the other end keeps us.
    """

    def __init__(self, stream: ByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            self.settimeout(None)
            self._stream.sendall(data[start : start + _PIECE])

    def recv(self, size: int) -> bytes:
        self.settimeout(None)
        return self._stream.recv(size) or b""  # SSLTransport says 0 at the end

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def settimeout(self, seconds: float | None) -> None:
        """Give the next step the time that is left, or less.

        Raises:
            TimeoutError: no time is left.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._stream.settimeout(left if seconds is None else min(left, seconds))

    def close(self) -> None:
        self._stream.close()


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._wire.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def open_tcp(endpoint: Endpoint, seconds: float) -> ByteStream:
    """Connect.

    Raises:
        GatewayUnreachable: nobody answers there.
    """
    try:
        stream = socket.create_connection((endpoint.host, endpoint.port), timeout=seconds)
    except (socket.gaierror, UnicodeError) as error:
        raise GatewayUnreachable(f"the name {endpoint.host} leads nowhere") from error
    except ConnectionRefusedError as error:
        raise GatewayUnreachable(
            f"{endpoint} refuses connections", hint="nothing listens there: is the gateway up, and is it this port?"
        ) from error
    except TimeoutError as error:
        raise GatewayUnreachable(f"{endpoint} does not answer within {seconds:g} s") from error
    except OSError as error:
        raise GatewayUnreachable(f"{endpoint} cannot be reached: {reason_of(error)}") from error
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def with_tls(stream: ByteStream, endpoint: Endpoint, name: str, trust: Trust, deadline: float) -> ByteStream:
    """Put TLS on a stream; returns once the other end's certificate is trusted.

    Args:
        stream: that is connected.
        endpoint: where it leads to.
        name: of the gateway, for messages.
        trust: says whether a certificate is the right one.
        deadline: seconds of the monotonic clock.

    Raises:
        CertificateRejected: it is not.
        GatewayUnreachable: the other end speaks no TLS that is safe.
        TimeoutError: it takes too long.
    """
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate is compared as a whole
    context.verify_mode = ssl.CERT_NONE
    wire = Wire(stream, deadline)
    secured: Any
    try:
        if isinstance(stream, socket.socket):
            wire.settimeout(None)
            secured = context.wrap_socket(stream, server_hostname=endpoint.host)
        else:
            from urllib3.util.ssltransport import SSLTransport

            secured = SSLTransport(cast(socket.socket, wire), context, server_hostname=endpoint.host)
    except ssl.SSLError as error:
        why = error.reason.lower().replace("_", " ") if error.reason else str(error)
        raise GatewayUnreachable(
            f"{name} does not answer as HTTPS does: {why}", hint="is it the port of the gateway's REST API?"
        ) from error
    try:
        trust(str(endpoint), secured.getpeercert(binary_form=True) or b"")
    except BaseException:
        secured.close()  # it has taken the socket over
        raise
    return cast(ByteStream, secured)
