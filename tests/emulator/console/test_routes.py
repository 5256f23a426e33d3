"""The console over HTTP."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.tokens import TokenScope, add_token, revoke_tokens, tokens_in
from tests.emulator.conftest import Mosquitto
from tests.emulator.console.simulated import simulated


class Client:
    """A client of the console that is no browser."""

    def __init__(self, gateway: EmulatedGateway, http: aiohttp.ClientSession) -> None:
        self.gateway = gateway
        self._http = http

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, token: str | None = None, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"mx-api-token": token} if token else {}
        tls = ssl.create_default_context(cafile=self.gateway.certificate)
        async with self._http.request(method, self.gateway.url + path, headers=headers, ssl=tls, **options) as response:
            yield response

    def get(self, path: str, token: str | None = None) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self.ask("GET", path, token)


def against(state: Path, scenario: Callable[[Client], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with EmulatedGateway(state, **options) as gateway, aiohttp.ClientSession() as http, asyncio.timeout(60):
            await scenario(Client(gateway, http))

    asyncio.run(run())


def test_page_comes_without_a_token_and_may_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        for path, kind in {
            "/": "text/html",
            "/console/console.js": "text/javascript",
            "/console/console.css": "text/css",
        }.items():
            async with client.get(path) as response:
                assert (response.status, response.content_type) == (200, kind)
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    against(tmp_path, scenario)


@pytest.mark.parametrize("path", ["/console/feed", "/console/rows/1"])
def test_what_the_page_shows_needs_a_token(tmp_path: Path, path: str) -> None:
    async def scenario(client: Client) -> None:
        for token in (None, "wrong"):
            async with client.get(path, token) as response:
                assert response.status == 401

    against(tmp_path, scenario)


@pytest.mark.parametrize(
    "path", ["/console/nothing", "/console/__init__.py", "/console/..%2froutes.py", "/console/rows/99999"]
)
def test_what_is_not_there_is_404(tmp_path: Path, path: str) -> None:
    async def scenario(client: Client) -> None:
        async with client.get(path, client.gateway.token) as response:
            assert response.status == 404

    against(tmp_path, scenario)


def test_feed_ends_when_its_token_is_revoked(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        token, secret = add_token(tmp_path, TokenScope.READ, "for a colleague")
        async with client.get("/console/feed", secret) as response:
            first = json.loads(await response.content.readline())
            assert first["scope"] == "read"
            revoke_tokens(tmp_path, [token.id])
            while await response.content.readline():
                pass

    against(tmp_path, scenario)


def test_tokens_are_listed_made_and_revoked_by_who_may_write(tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        path, own = "/console/tokens", client.gateway.token
        _, reader = add_token(tmp_path, TokenScope.READ, "a reader")
        for token, status in ((None, 401), ("wrong", 401), (reader, 403)):
            for method, where in (("GET", path), ("POST", path), ("DELETE", f"{path}/{tokens_in(tmp_path)[0].id}")):
                async with client.ask(method, where, token, json={"scope": "read"}) as response:
                    assert response.status == status
        assert len(tokens_in(tmp_path)) == 1

        bodies: list[Any] = [{}, [], {"scope": "all"}, {"scope": []}]
        bodies += [{"scope": "read", "description": text} for text in (7, "a\nb", "x" * 201)]
        for body in bodies:
            async with client.ask("POST", path, own, json=body) as response:
                assert response.status == 400
        async with client.ask("POST", path, own, json={"scope": "read/write", "description": "Postman"}) as response:
            assert (response.status, response.headers["Cache-Control"]) == (201, "no-store")
            made = await response.json()
        async with client.ask("GET", path, made["token"]) as response:
            listed = await response.json()
        assert [one["description"] for one in listed] == ["a reader", "Postman"]
        assert all(one.keys() == {"id", "description", "scope", "created"} for one in listed)
        async with client.get("/console/feed", own) as response:
            assert made["token"] not in (await response.content.readline()).decode()
        for status in (204, 404):
            async with client.ask("DELETE", f"{path}/{made['id']}", own) as response:
                assert response.status == status
        async with client.ask("GET", path, made["token"]) as response:
            assert response.status == 401

    against(tmp_path, scenario)


def test_gateway_stops_while_a_page_is_open(tmp_path: Path) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession() as http, asyncio.timeout(60):
            gateway = EmulatedGateway(tmp_path)
            await gateway.start()
            async with Client(gateway, http).get("/console/feed", gateway.token) as response:
                await response.content.readline()
                await gateway.stop()
                while await response.content.readline():
                    pass

    asyncio.run(run())


@pytest.mark.parametrize("outside", [False, True], ids=["its own broker", "mosquitto"])
def test_whatever_broker_there_is_all_that_goes_by_is_told(tmp_path: Path, mosquitto: Mosquitto, outside: bool) -> None:
    async def scenario(client: Client) -> None:
        token = client.gateway.token
        async with simulated(client.gateway.broker, "heater", ["/heater"], version="2.0.0"):
            async with client.get("/api/v1/heater", token) as response:
                assert response.status == 200
            async with client.get("/console/feed", token) as response:
                told = json.loads(await response.content.readline())
            heater = next(one for one in told["components"] if one["name"] == "heater")
            assert (heater["version"], heater["role"], heater["waiting"]) == ("2.0.0", "model", 0)
            assert heater["answered"] >= heater["since"]
            row = told["rows"][-1]
            assert (row["resource"], row["asked_by"], row["answered_by"], row["code"]) == (
                "/heater",
                "rest",
                "heater",
                200,
            )
            async with client.get(f"/console/rows/{row['number']}", token) as response:
                told = await response.json()
            assert [(one["sent"], one["who"]) for one in told["messages"]] == [
                (False, "rest"),
                (True, "heater"),
                (False, "heater"),
                (True, "rest"),
            ]

    against(tmp_path, scenario, **({"broker": mosquitto.address} if outside else {}))
