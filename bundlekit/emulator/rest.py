"""The REST front: `/api/v1` over HTTP, turned into messages and back."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import logging
import ssl
from collections.abc import Callable, Sequence

from aiohttp import web

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.components import path_of
from bundlekit.emulator.connection import (
    BROKEN_BODY,
    HttpConnection,
    Limits,
    RequestRefused,
    refusal,
    set_headers,
    shield,
)
from bundlekit.emulator.controller import REGISTRATION
from bundlekit.emulator.lifecycle import Service, listening
from bundlekit.emulator.link import LocalBroker
from bundlekit.emulator.member import NotConnected
from bundlekit.emulator.messages import Dropped, Message
from bundlekit.emulator.request import JSON, PREFIX, Malformed, UnknownCharset, read_data, read_resource
from bundlekit.emulator.tokens import Authorizer, TokenScope
from bundlekit.emulator.view import View

_NAME = "rest"  # among the components
_log = logging.getLogger(__name__)
_ASKED_AS = {"GET": "get", "POST": "post", "PUT": "put", "DELETE": "delete"}
_ALLOW = {"Allow": ",".join(_ASKED_AS)}
_FAULTS = ("HEAD", "OPTIONS", "PATCH")
_UNANSWERED = "Request timeout."
_ROUTE = r"/{api:[Aa][Pp][Ii]}/{version:[Vv]1}{resource:/[\s\S]*}"
_GRACE = 1.0  # seconds; for requests under way when it stops
_AUTHORIZER: web.AppKey[Authorizer] = web.AppKey("authorizer", Callable)  # type: ignore[arg-type]

_dumps = functools.partial(json.dumps, allow_nan=False)


def admit(request: web.Request) -> TokenScope:
    """What the `mx-api-token` of a request is good for; for routes beside the API too.

    Raises:
        Refused: 401 without a token or with an unknown one, 403 where it may not write.
    """
    scope = request.app[_AUTHORIZER](request.headers.get("mx-api-token", ""))
    if scope is None:
        raise RequestRefused(401, "mx-api-token is missing or wrong.")
    if not scope.allows(request.method):
        raise RequestRefused(403, "This mx-api-token is for reading only.")
    return scope


class RestFront(Service):
    """Listens for HTTP, or for HTTPS where there is a TLS context.

    Args:
        listen: where; port 0 is any free one.
        authorizer: tells what the `mx-api-token` of a caller is good for, as `Tokens(state).scope_of` does.
        http: where to listen for plain HTTP besides.
        tell: hears why a request is not answered as its sender may think, a line each.
        mount: each is given the application before it starts, to add routes beside the API. Those are open to
            everybody, but for what their handlers do with `admit`.
    """

    def __init__(
        self,
        broker: SocketAddress | LocalBroker,
        *,
        listen: SocketAddress,
        authorizer: Authorizer,
        tls: ssl.SSLContext | None = None,
        http: SocketAddress | None = None,
        mount: Sequence[Callable[[web.Application], None]] = (),
        limits: Limits | None = None,
        tell: Callable[[str], None] = _log.warning,
    ) -> None:
        self._tell = tell
        self._view = View(broker, _NAME)
        self._listen = listen
        self._authorizer = authorizer
        self._tls = tls
        self._http = http
        self._mount = mount
        self._limits = limits or Limits()
        self._runner: web.AppRunner | None = None
        self._servers: list[asyncio.Server] = []

    @property
    def address(self) -> SocketAddress:
        """Where it listens, with the real port once it is started."""
        return _real(self._listen, self._servers[:1])

    @property
    def http_address(self) -> SocketAddress | None:
        """Where it listens for plain HTTP besides, if it does."""
        return _real(self._http, self._servers[1:]) if self._http else None

    @property
    def url(self) -> str:
        """What goes before a resource."""
        return f"{'https' if self._tls else 'http'}://{self.address}{PREFIX}"

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotListen: there.
        """
        self._runner = web.AppRunner(self._application(), shutdown_timeout=_GRACE)
        await self._runner.setup()
        try:
            await self._serve("HTTPS" if self._tls else "HTTP", self._listen, self._tls)
            if self._http:
                await self._serve("HTTP", self._http, None)
            await self._view.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        self._listen, self._http = self.address, self.http_address
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        await self._view.stop()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[shield], client_max_size=self._limits.size)
        application[_AUTHORIZER] = self._authorizer
        application.on_response_prepare.append(set_headers)
        application.router.add_route("*", _ROUTE, self._answer, expect_handler=_await_handler)
        for add_routes in self._mount:
            add_routes(application)
        return application

    async def _serve(self, what: str, address: SocketAddress, tls: ssl.SSLContext | None) -> None:
        assert self._runner  # noqa: S101 - it was set up before
        assert self._runner.server  # noqa: S101
        connect = functools.partial(HttpConnection, self._runner.server, self._limits)
        with listening(what, address):
            server = await asyncio.get_running_loop().create_server(
                connect,
                address.host,
                address.port,
                ssl=tls,
                ssl_handshake_timeout=self._limits.head if tls else None,
                ssl_shutdown_timeout=_GRACE if tls else None,
            )
        self._servers.append(server)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        admit(request)
        if request.method in _FAULTS:
            raise RequestRefused(500, f"The original answers {request.method} with 500.")
        if request.method not in _ASKED_AS:
            raise RequestRefused(405, f"Method {request.method[:40]} is not known.", _ALLOW)
        try:
            resource = read_resource(request.raw_path)
            body = await self._body(request)
            data = read_data(body, request.content_type, request.charset)
        except Malformed as error:
            raise RequestRefused(400, str(error)) from error
        except UnknownCharset as error:
            raise RequestRefused(415, str(error)) from error
        except TimeoutError as error:
            raise RequestRefused(408, "The request took too long to arrive.") from error
        if body and request.content_type != JSON:
            kind = request.headers.get("Content-Type", "missing")[:80]
            self._tell(
                f"the original does not read the body of {request.method} {resource[:200]}: "
                f"its Content-Type is {kind}, not {JSON}"
            )
        if path_of(resource) == "/":
            self._tell(
                "the original lets a request for / go unanswered: not even its REST front is told what became of it"
            )
            raise RequestRefused(408, _UNANSWERED)
        asked = {"method": _ASKED_AS[request.method], "resource": resource, **data}
        if _would_deregister_us(asked):
            raise RequestRefused(403, "This would leave nobody to answer over HTTP.")
        return _tagged(request, await self._ask(asked))

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > self._limits.size:
            raise self._too_large()
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise RequestRefused(415, "The body must not be compressed.", {"Accept-Encoding": "identity"})
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        try:
            async with asyncio.timeout(self._limits.body):
                return await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise self._too_large() from error
        except BROKEN_BODY as error:
            raise Malformed("The body is not what its headers say.") from error

    def _too_large(self) -> RequestRefused:
        return RequestRefused(413, f"The body is larger than {self._limits.size} bytes.")

    async def _ask(self, asked: Message) -> web.Response:
        try:
            async with asyncio.timeout(self._limits.answer):
                return _response(await self._view.ask(asked))
        except (TimeoutError, Dropped):  # the original lets a minute pass in both cases
            return refusal(408, _UNANSWERED)
        except NotConnected:
            return refusal(503, "The message broker is away.")
        except RecursionError:  # read just so, and too deep to write
            return refusal(400, "The body is nested too deeply.")


def _would_deregister_us(asked: Message) -> bool:
    path, data = asked["resource"].partition("?")[0], asked.get("data")
    named = path.removeprefix(f"{REGISTRATION}/")
    if path == REGISTRATION and isinstance(data, dict):
        named = data.get("name")
    return bool(asked["method"] == "delete" and named == _NAME)


def _response(message: Message) -> web.Response:
    code = int(message["code"])
    if not 1 <= code <= 999:
        return refusal(500, f"The component answered with {str(code)[:40]}, which is no HTTP status.")
    if "data" not in message:
        return web.Response(status=code)
    try:
        return web.json_response(message["data"], status=code, dumps=_dumps)
    except RecursionError:
        return refusal(500, "The component's answer is nested too deeply.")
    except ValueError:
        return refusal(500, "The component's answer has a number that JSON cannot hold.")


def _tagged(request: web.Request, response: web.Response) -> web.Response:
    """Give an answer its ETag; without its body where the client has that already."""
    if not isinstance(body := response.body, bytes) or not body:
        return response
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode().rstrip("=")
    tag = f'W/"{len(body):x}-{digest}"'
    response.headers["ETag"] = tag
    known = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    is_same = bool(known & {"*", tag.removeprefix("W/")}) and "no-cache" not in request.headers.get("Cache-Control", "")
    if request.method == "GET" and 200 <= response.status < 300 and is_same:
        return web.Response(status=304, headers={"ETag": tag})
    return response


def _real(address: SocketAddress, servers: Sequence[asyncio.Server]) -> SocketAddress:
    return SocketAddress(address.host, servers[0].sockets[0].getsockname()[1]) if servers else address


async def _await_handler(request: web.Request) -> None:
    """Nobody is told to go on before it is clear that the body is wanted."""
