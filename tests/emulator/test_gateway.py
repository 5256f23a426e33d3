"""The emulated gateway as a whole, over its embedded broker."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.broker import EmbeddedBroker
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.lifecycle import CannotListen
from tests.emulator.conftest import Mosquitto


def ask(gateway: EmulatedGateway, resource: str, token: str | None = None) -> tuple[int, Any]:
    """GET by a client that knows nothing of ours, and trusts nothing but the gateway's certificate."""
    request = urllib.request.Request(
        f"{gateway.url}/api/v1{resource}", headers={"mx-api-token": gateway.token if token is None else token}
    )
    context = ssl.create_default_context(cafile=gateway.certificate)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as refused:
        return refused.code, json.load(refused)


def with_gateway(check: Callable[[EmulatedGateway], Awaitable[None]], state: Path, **options: Any) -> None:
    async def run() -> None:
        async with EmulatedGateway(state, **options) as gateway:
            await check(gateway)

    asyncio.run(run())


def test_it_answers_as_soon_as_it_has_started(tmp_path: Path) -> None:
    async def check(gateway: EmulatedGateway) -> None:
        status, body = await asyncio.to_thread(ask, gateway, "/nothing/here")
        assert (status, body["message"]) == (403, "request forbidden")
        assert (await asyncio.to_thread(ask, gateway, "/nothing/here", "wrong"))[0] == 401

    with_gateway(check, tmp_path / "state")


def test_it_has_resources_of_its_own_and_plain_http_where_asked(tmp_path: Path) -> None:
    async def check(gateway: EmulatedGateway) -> None:
        status, body = await asyncio.to_thread(ask, gateway, "/system/status?fields=hostname")
        assert (status, body) == (200, {"hostname": "Moxa"})
        assert gateway.http_url
        plain = urllib.request.Request(
            f"{gateway.http_url}/api/v1/system/time", headers={"mx-api-token": gateway.token}
        )
        with await asyncio.to_thread(urllib.request.urlopen, plain) as response:
            assert response.status == 200

    with_gateway(check, tmp_path, http=SocketAddress("127.0.0.1", 0))


def test_a_broker_of_somebody_else_does_too(tmp_path: Path, mosquitto: Mosquitto) -> None:
    async def check(gateway: EmulatedGateway) -> None:
        assert gateway.broker == mosquitto.address
        assert (await asyncio.to_thread(ask, gateway, "/nothing/here"))[0] == 403

    with_gateway(check, tmp_path, broker=mosquitto.address)


def test_token_and_certificate_stay_and_are_for_their_owner_alone(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    async def check(gateway: EmulatedGateway) -> None:
        seen.append((gateway.token, gateway.certificate.read_bytes()))

    with_gateway(check, tmp_path)
    with_gateway(check, tmp_path)
    assert seen[0] == seen[1]
    for secret in ("mx-api-token", "key.pem"):
        assert stat.S_IMODE((tmp_path / secret).stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["MQTT", "HTTPS"])
def test_a_port_in_use_is_told_with_what_it_was_for(tmp_path: Path, what: str) -> None:
    async def run() -> None:
        async with EmbeddedBroker(SocketAddress("127.0.0.1", 0)) as other:
            options: Any = {"mqtt": other.address} if what == "MQTT" else {"listen": other.address}
            gateway = EmulatedGateway(tmp_path, **options)
            with pytest.raises(CannotListen) as told:
                await gateway.start()
            assert (told.value.what, told.value.address) == (what, other.address)

    asyncio.run(run())


def test_certificate_is_good_for_the_address_that_it_listens_on(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def check(gateway: EmulatedGateway) -> None:
        seen.append(gateway.certificate.read_bytes())
        assert (await asyncio.to_thread(ask, gateway, "/nothing"))[0] == 403  # the client compares the address

    with_gateway(check, tmp_path)
    with_gateway(check, tmp_path, listen=SocketAddress("127.0.0.7", 0))
    with_gateway(check, tmp_path, listen=SocketAddress("127.0.0.7", 0))
    assert seen[0] != seen[1] == seen[2]


def test_a_damaged_certificate_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("nothing")

    async def check(gateway: EmulatedGateway) -> None:
        assert (await asyncio.to_thread(ask, gateway, "/nothing"))[0] == 403

    with_gateway(check, tmp_path)
