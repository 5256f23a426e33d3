"""The REST front: `/api/v1` over HTTP, turned into messages and back."""

from __future__ import annotations

import asyncio
import ssl
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bundlekit.emulator.address import Address
from bundlekit.emulator.lifecycle import Service, listening
from bundlekit.emulator.messages import Message, parse
from bundlekit.emulator.tokens import Authorizer
from bundlekit.emulator.view import NotConnected, View

PREFIX = "/api/v1"
_METHODS = ("GET", "POST", "PUT", "DELETE")
_PATIENCE = 60.0  # seconds
_GRACE = 1.0  # seconds; for requests under way when it stops


class RestFront(Service):
    """Listens for HTTP, or for HTTPS where there is a TLS context.

    Args:
        listen: where; port 0 is any free one.
        authorizer: tells what the `mx-api-token` of a caller is good for, as `Tokens(state).scope_of` does.
        patience: seconds until a request that nobody answers is given up.
    """

    def __init__(
        self,
        broker: Address,
        *,
        listen: Address,
        authorizer: Authorizer,
        tls: ssl.SSLContext | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._view = View(broker, "rest")
        self._listen = listen
        self._authorizer = authorizer
        self._tls = tls
        self._patience = patience
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> Address:
        """Where it listens, with the real port once it is started."""
        if not self._runner or not self._runner.addresses:
            return self._listen
        return Address(self._listen.host, self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """What goes before a resource."""
        return f"{'https' if self._tls else 'http'}://{self.address}{PREFIX}"

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            OSError: it cannot listen there.
        """
        application = web.Application(middlewares=[self._guard])
        for method in _METHODS:
            application.router.add_route(method, PREFIX + "{resource:/.*}", self._ask)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._listen.host, self._listen.port, ssl_context=self._tls)
        try:
            with listening("HTTPS" if self._tls else "HTTP", self._listen):
                await site.start()
            await self._view.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        await self._view.stop()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Let in who has the token, and turn every refusal into JSON."""
        given = request.headers.get("mx-api-token", "")
        scope = self._authorizer(given)
        if scope is None:
            return _refusal(401, "mx-api-token is missing or wrong.")
        if not scope.allows(request.method):
            return _refusal(403, "This mx-api-token is for reading only.")
        try:
            async with asyncio.timeout(self._patience):
                response: web.StreamResponse = await handler(request)
                return response
        except TimeoutError:
            return _refusal(408, "Request timeout.")
        except NotConnected:
            return _refusal(503, "The message broker is away.")
        except web.HTTPException as refused:
            response = _refusal(refused.status, f"{HTTPStatus(refused.status).phrase}.")
            if "Allow" in refused.headers:
                response.headers["Allow"] = refused.headers["Allow"]
            return response

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            data = {"data": parse(body)} if body else {}
        except ValueError:
            return _refusal(400, "The body is not JSON.")
        resource = request.rel_url.raw_path.removeprefix(PREFIX)
        if request.rel_url.raw_query_string:
            resource += "?" + request.rel_url.raw_query_string
        asked = {"method": request.method.lower(), "resource": resource, **data}
        try:
            message = await self._view.ask(asked)
        except RecursionError:  # read just so, and too deep to write
            return _refusal(400, "The body is nested too deeply.")
        return _response(message)


def _response(message: Message) -> web.Response:
    code = message["code"]
    if type(code) is not int or not 200 <= code <= 599:
        return _refusal(500, f"The component answered with {code!r}, which is no HTTP status.")
    if "data" not in message:
        return web.Response(status=code)
    try:
        return web.json_response(message["data"], status=code)
    except RecursionError:
        return _refusal(500, "The component's answer is nested too deeply.")


def _refusal(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
