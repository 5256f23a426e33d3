"""One HTTP connection with a client that may be slow, or speak no HTTP at all."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

_log = logging.getLogger(__name__)
_GRACE = 1.0  # seconds in which what a refused client still sends is dropped

BROKEN_BODY = (web.RequestPayloadError, HttpProcessingError)
"""What reading a body may raise, by which of its two parsers aiohttp has."""

# A response is meant for whoever asked, not for a frame around it, a cache between or a guess at its type.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Limits:
    """What a client is given at most.

    Attributes:
        head: seconds for the TLS handshake, and for request line and headers.
        body: seconds for the body.
        answer: seconds until a request that nobody answers is given up; the protocol's is a minute.
        idle: seconds between two requests on one connection.
        size: bytes of a body; what the parser of the original takes by default.
    """

    head: float = 15.0
    body: float = 30.0
    answer: float = 60.0
    idle: float = 75.0
    size: int = 100 * 1024


class HttpConnection(web.RequestHandler):
    """Gives up a client whose headers do not come to an end, and answers in JSON to what is no HTTP."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=limits.idle,
            lingering_time=_GRACE,
            auto_decompress=False,
        )
        self._limits = limits
        self._head_ends: asyncio.TimerHandle | None = None
        self._has_heard = False
        self._is_asked = False
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if data:
            self._has_heard = True
        if data and not self._is_asked:
            self._await_head()
        try:
            super().data_received(data)
        except ValueError:  # of a URL that some releases of aiohttp let through to its own parser
            self.say(400, "This is not HTTP: the URL cannot be read.")
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def begin(self) -> None:
        """A request has come as far as its handler."""
        self._is_asked = True
        self._forget_head()

    def end(self) -> None:
        """Its handler is done."""
        self._is_asked = False

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read as a request, or to a fault of ours.

        Args:
            request: that was not read or not answered.
            status: of HTTP; 500 for a fault of ours.
            exc: what was raised; None where the request was refused.
            message: why the request is no HTTP, in the words of aiohttp.

        Raises:
            ConnectionError: there is nobody to answer any more, or part of an answer has gone out.
        """
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionResetError
        if status == 500:
            _log.error("a request could not be answered", exc_info=exc)
            return _Farewell(self, 500, "Internal error of the emulated gateway.")
        why = (message or "").strip().partition("\n")[0].rstrip(":.")
        if isinstance(exc, LineTooLong) or why.startswith("Too many headers"):
            return _Farewell(self, 431, "The URL or a header is too long, or there are too many headers.")
        return _Farewell(self, status, f"This is not HTTP: {why or 'unreadable'}.")

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Tell of an exception that aiohttp did not expect; that of a body which breaks off was told to the client."""
        if not isinstance(options.get("exc_info"), BROKEN_BODY):
            super().log_exception(*args, **options)

    def say(self, status: int, text: str) -> None:
        """Answer past all that is queued, and hear no more."""
        self._is_over = True
        self._forget_head()
        if self.transport:
            self.transport.write(_raw(status, text))

    def _await_head(self) -> None:
        if not self._head_ends:
            self._head_ends = asyncio.get_running_loop().call_later(self._limits.head, self._give_up)

    def _forget_head(self) -> None:
        if self._head_ends:
            self._head_ends.cancel()
            self._head_ends = None

    def _give_up(self) -> None:
        if self._has_heard:  # a browser may open a connection long before it has something to ask
            self.say(408, "The request took too long to arrive.")
        self.force_close()


class _Farewell(web.Response):
    """The last answer on a connection.

    A connection that is closed with bytes unread discards what was sent, so those get a moment to come in.
    """

    def __init__(self, connection: HttpConnection, status: int, text: str) -> None:
        super().__init__(status=status)
        self._connection = connection
        self._words = text

    async def prepare(self, request: web.BaseRequest) -> NoReturn:
        self._connection.say(self.status, self._words)
        await asyncio.sleep(_GRACE)
        raise ConnectionResetError


class RequestRefused(Exception):
    """Raised where a request is handled: `shield` makes a response of it."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.response = refusal(status, text, headers)


def refusal(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """A response with a message in JSON.

    Args:
        status: of HTTP.
        text: why, for people.
        headers: besides those of any response.
    """
    return web.json_response({"message": text}, status=status, headers=headers)


async def set_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: give a response the headers that all have, unless it has its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


@web.middleware
async def shield(request: web.Request, handler: Any) -> web.StreamResponse:
    """Tell the connection where its request is, and turn every refusal into JSON."""
    connection = request.protocol
    assert isinstance(connection, HttpConnection)  # noqa: S101 - all are made here
    connection.begin()
    try:
        response: web.StreamResponse = await handler(request)
    except RequestRefused as refused:
        response = refused.response
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        allow = {name: refused.headers[name] for name in ("Allow",) if name in refused.headers}
        response = refusal(refused.status, f"{HTTPStatus(refused.status).phrase}.", allow)
    finally:
        connection.end()
    if not request.content.is_eof():
        response.force_close()
    return response


def _raw(status: int, text: str) -> bytes:
    body = json.dumps({"message": text}).encode()
    headers = {
        **HEADERS,
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
