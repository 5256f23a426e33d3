"""The console over HTTP: the page, which anybody may load, and what it shows, for which it takes a token."""

from __future__ import annotations

import asyncio
import json
import uuid
from importlib.resources import files
from typing import Any

from aiohttp import web

from bundlekit.emulator.bundlelog import BundleLog
from bundlekit.emulator.connection import Refused
from bundlekit.emulator.console.feed import Feed, messages, now
from bundlekit.emulator.console.trace import Trace
from bundlekit.emulator.rest import admit

_PAUSE = 0.1  # seconds between two portions
_QUIET = 5.0  # seconds after which a page is told that it is still connected
_PAGES = 20
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

    def __init__(self, trace: Trace, log: BundleLog) -> None:
        self._trace = trace
        self._log = log
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
        application.router.add_get("/console/{name}", self._page)
        application.on_shutdown.append(end)

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in self._files:
            raise Refused(404, "There is no such file.")
        content_type = _TYPES[name[name.rindex(".") :]]
        return web.Response(body=self._files[name], content_type=content_type, charset="utf-8", headers=_HEADERS)

    async def _row(self, request: web.Request) -> web.Response:
        admit(request)
        row = self._trace.row(int(request.match_info["number"]))
        if not row:
            raise Refused(404, "This row is so old that its messages are no longer kept.")
        return web.json_response(messages(row))

    async def _feed(self, request: web.Request, ending: asyncio.Event) -> web.StreamResponse:
        """Lines of JSON for as long as the page listens and its token is good."""
        scope = admit(request)
        if self._pages >= _PAGES:
            raise Refused(503, "Too many consoles are open.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        self._pages += 1
        try:
            await response.prepare(request)
            with Feed(self._trace, self._log) as feed:
                first = {"scope": scope.value, "run": self._run, **now(), **feed.portion()}
                await _tell(request, response, feed, first, ending)
        except (ConnectionError, Refused):
            pass  # the page went away, or its token is void by now
        finally:
            self._pages -= 1
        return response


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
