"""The console over HTTP: the page, which anybody may load, and what it shows, for which it takes a token."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from bundlekit.emulator.bundlelog import BundleLog
from bundlekit.emulator.connection import BROKEN_BODY, RequestRefused
from bundlekit.emulator.console.feed import Feed, messages, now
from bundlekit.emulator.console.trace import Trace
from bundlekit.emulator.messages import decode
from bundlekit.emulator.rest import admit
from bundlekit.emulator.tokens import Token, TokenScope, add_token, revoke_tokens, tokens_in
from bundlekit.errors import BadUsage, BundlekitError

_T = TypeVar("_T")
_SECRET = {"Cache-Control": "no-store"}
_PAUSE = 0.1  # seconds between two portions
_QUIET = 5.0  # seconds after which a page is told that it is still connected
_PAGES = 20  # open at once; each has a connection and a queue for as long as it is open
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Console:
    """Serves the page and what it shows; `add_to` goes among what a RestFront mounts."""

    def __init__(self, trace: Trace, log: BundleLog, state: Path) -> None:
        self._trace = trace
        self._log = log
        self._state = state
        self._run = uuid.uuid4().hex
        self._pages = 0
        page = files(__package__).joinpath("page")
        self._files = {one.name: one.read_bytes() for one in page.iterdir() if one.is_file()}

    def add_to(self, application: web.Application) -> None:
        """Add its routes."""
        ending = asyncio.Event()

        async def end(_application: web.Application) -> None:
            ending.set()

        async def feed(request: web.Request) -> web.StreamResponse:
            return await self._feed(request, ending)

        application.router.add_get("/", self._page)
        application.router.add_get("/console/feed", feed)
        application.router.add_get("/console/rows/{number:[0-9]{1,15}}", self._row)
        application.router.add_get("/console/tokens", self._tokens)
        application.router.add_post("/console/tokens", self._new_token)
        application.router.add_delete("/console/tokens/{id:[0-9a-f]{1,64}}", self._revoke)
        application.router.add_get("/console/{name}", self._page)
        application.on_shutdown.append(end)

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in self._files:
            raise RequestRefused(404, "There is no such file.")
        content_type = _TYPES[name[name.rindex(".") :]]
        return web.Response(body=self._files[name], content_type=content_type, charset="utf-8", headers=_HEADERS)

    async def _row(self, request: web.Request) -> web.Response:
        admit(request)
        row = self._trace.row(int(request.match_info["number"]))
        if not row:
            raise RequestRefused(404, "This row is so old that its messages are no longer kept.")
        return web.json_response(messages(row))

    async def _tokens(self, request: web.Request) -> web.Response:
        _admit_writer(request)
        tokens = await _do(tokens_in, self._state)
        return web.json_response([_shown(one) for one in tokens], headers=_SECRET)

    async def _new_token(self, request: web.Request) -> web.Response:
        _admit_writer(request)
        try:
            wanted = decode(await request.read()) or {}
            scope, description = TokenScope(wanted.get("scope")), wanted.get("description", "")
        except (ValueError, *BROKEN_BODY) as error:
            raise RequestRefused(400, "The scope is read or read/write.") from error
        if not isinstance(description, str):
            raise RequestRefused(400, "The description is a text.")
        token, secret = await _do(add_token, self._state, scope, description)
        return web.json_response({**_shown(token), "token": secret}, status=201, headers=_SECRET)

    async def _revoke(self, request: web.Request) -> web.Response:
        _admit_writer(request)
        known = await _do(tokens_in, self._state)
        if (name := request.match_info["id"]) not in [one.id for one in known]:
            raise RequestRefused(404, "There is no such token.")
        await _do(revoke_tokens, self._state, [name])
        return web.Response(status=204)

    async def _feed(self, request: web.Request, ending: asyncio.Event) -> web.StreamResponse:
        """Lines of JSON for as long as the page listens and its token is good."""
        scope = admit(request)
        if self._pages >= _PAGES:
            raise RequestRefused(503, "Too many consoles are open.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        self._pages += 1
        try:
            await response.prepare(request)
            with Feed(self._trace, self._log) as feed:
                first = {"scope": scope.value, "run": self._run, **now(), **feed.portion()}
                await _tell(request, response, feed, first, ending)
        except (ConnectionError, RequestRefused):
            pass  # the page went away, or its token is void by now
        finally:
            self._pages -= 1
        return response


def _admit_writer(request: web.Request) -> None:
    """Who may only read learns nothing of other tokens either."""
    if admit(request) is not TokenScope.READ_WRITE:
        raise RequestRefused(403, "This mx-api-token is for reading only.")


async def _do(work: Callable[..., _T], *arguments: Any) -> _T:
    """Change or read the tokens, which waits for a lock, in a thread."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except BundlekitError as error:
        raise RequestRefused(400 if isinstance(error, BadUsage) else 500, f"{error}.") from error


def _shown(token: Token) -> dict[str, str]:
    return {
        "id": token.id,
        "description": token.description,
        "scope": token.scope.value,
        "created": token.created,
    }


async def _tell(
    request: web.Request, response: web.StreamResponse, feed: Feed, portion: dict[str, Any], ending: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    told = loop.time()
    while not ending.is_set():
        if not portion and loop.time() - told > _QUIET:
            portion = now()
        if portion:
            await response.write(json.dumps(portion, separators=(",", ":")).encode() + b"\n")
            told = loop.time()
        try:
            async with asyncio.timeout(_PAUSE):
                await ending.wait()
        except TimeoutError:
            admit(request)
            portion = feed.portion()
