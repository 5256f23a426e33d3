"""The REST front as curl and requests see it: HTTPS and HTTP, scopes of tokens, routes beside the API."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from aiohttp import web

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.builtin import builtins
from bundlekit.emulator.builtin.system import KeptSystem
from bundlekit.emulator.certificate import ensure_certificate, server_context
from bundlekit.emulator.lifecycle import CannotListen
from bundlekit.emulator.rest import RestFront, admit
from bundlekit.emulator.service import ControllerService
from bundlekit.emulator.tokens import Tokens, TokenScope, add_token, revoke_tokens
from tests.emulator.conftest import Mosquitto

LOOPBACK = SocketAddress("127.0.0.1", 0)


@dataclass(frozen=True)
class Box:
    """A gateway with HTTPS, HTTP and its built-in resources."""

    https: str
    http: str
    state: Path
    certificate: Path
    token: str

    async def curl(self, *arguments: str) -> str:
        """What curl prints; fails where curl does."""
        curl = await asyncio.create_subprocess_exec("curl", "-sS", *arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await curl.communicate()
        assert curl.returncode == 0
        return output.decode()

    async def status(self, method: str, resource: str, token: str, **options: Any) -> int:
        def ask() -> int:
            headers = {"mx-api-token": token}
            url = self.https + resource
            response = requests.request(
                method, url, headers=headers, verify=str(self.certificate), timeout=30, **options
            )
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"
            response.json()
            return response.status_code

        return await asyncio.to_thread(ask)


def add_page(application: web.Application) -> None:
    """Routes such as a console's: a page for everybody, data for who has a token."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<p>hello", content_type="text/html", headers={"X-Frame-Options": "SAMEORIGIN"})

    async def data(request: web.Request) -> web.Response:
        return web.json_response({"scope": admit(request).value})

    async def fault(request: web.Request) -> web.Response:
        raise ZeroDivisionError

    application.router.add_get("/", page)
    application.router.add_route("*", "/data", data)
    application.router.add_get("/fault", fault)


def against(broker: Mosquitto, state: Path, scenario: Callable[[Box], Awaitable[None]]) -> None:
    async def run() -> None:
        tokens, certificate = Tokens(state), ensure_certificate(state)
        front = RestFront(
            broker.address,
            listen=LOOPBACK,
            http=LOOPBACK,
            tls=server_context(certificate),
            authorizer=tokens.scope_of,
            mount=[add_page],
        )
        async with ControllerService(broker.address), front:
            services = builtins(broker.address, KeptSystem(state))
            await asyncio.gather(*(service.start() for service in services))
            try:
                await scenario(Box(front.url, f"http://{front.http_address}", state, certificate, tokens.own))
            finally:
                await asyncio.gather(*(service.stop() for service in services))

    asyncio.run(run())


def test_examples_of_the_guide_work_by_the_letter_with_curl(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(box: Box) -> None:
        common = ("--insecure", "-H", f"mx-api-token: {box.token}")
        status = json.loads(await box.curl(*common, f"{box.https}/system/status"))
        assert status["hostname"] == "Moxa"
        kind = "Content-Type: application/json"
        change = ("-X", "PUT", "-H", kind, "-d", '{"hostname": "cell-7"}')
        answer = json.loads(await box.curl(*common, *change, f"{box.https}/system/status"))
        assert answer == {"hostname": "cell-7"}

    against(mosquitto, tmp_path / "state", scenario)


def test_read_token_reads_and_a_write_with_it_is_refused(mosquitto: Mosquitto, tmp_path: Path) -> None:
    _, reader = add_token(tmp_path / "state", TokenScope.READ, "")
    _, writer = add_token(tmp_path / "state", TokenScope.READ_WRITE, "")

    async def scenario(box: Box) -> None:
        change = {"json": {"hostname": "other"}}
        assert await box.status("GET", "/system/status", reader) == 200
        assert await box.status("PUT", "/system/status", reader, **change) == 403
        assert await box.status("POST", "/system/reboot", reader) == 403
        assert await box.status("DELETE", "/system/status", reader) == 403
        assert await box.status("PUT", "/system/status", writer, **change) == 200
        assert await box.status("GET", "/system/status", "nonsense") == 401

    against(mosquitto, tmp_path / "state", scenario)


def test_token_made_and_revoked_while_it_runs_counts_from_the_next_request(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async def scenario(box: Box) -> None:
        token, secret = add_token(box.state, TokenScope.READ, "")
        assert await box.status("GET", "/system/time", secret) == 200
        revoke_tokens(box.state, [token.id])
        assert await box.status("GET", "/system/time", secret) == 401
        assert await box.status("GET", "/system/time", box.token) == 200

    against(mosquitto, tmp_path / "state", scenario)


def test_http_and_https_are_two_doors_to_one_gateway(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(box: Box) -> None:
        token = ("-H", f"mx-api-token: {box.token}")
        change = ("-X", "PUT", "-H", "Content-Type: application/json", "-d", '{"hostname": "seen"}')
        await box.curl(*token, *change, f"{box.http}/api/v1/system/status")
        ask = f"{box.https}/system/status?fields=hostname"
        told = await box.curl(*token, "--cacert", str(box.certificate), ask)
        assert json.loads(told) == {"hostname": "seen"}

    against(mosquitto, tmp_path / "state", scenario)


def test_what_is_no_tls_on_the_https_port_upsets_nobody(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(box: Box) -> None:
        port = int(box.https.split(":")[2].partition("/")[0])
        for words in (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01nonsense", b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(words)
            writer.write_eof()
            assert b"HTTP/1.1 200" not in await reader.read()
            writer.close()
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, so it breaks the handshake off
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=old, server_hostname="127.0.0.1")
        assert await box.status("GET", "/system/time", box.token) == 200

    with caplog.at_level(logging.WARNING):
        against(mosquitto, tmp_path / "state", scenario)
    assert caplog.records == []


def test_routes_beside_the_api_are_open_unless_they_ask_for_the_token(mosquitto: Mosquitto, tmp_path: Path) -> None:
    _, reader = add_token(tmp_path / "state", TokenScope.READ, "")

    async def scenario(box: Box) -> None:
        page = await box.curl("-i", f"{box.http}/")
        assert page.startswith("HTTP/1.1 200")
        assert page.endswith("<p>hello")
        assert "X-Content-Type-Options: nosniff" in page
        assert "X-Frame-Options: SAMEORIGIN" in page
        token, code = ("-H", f"mx-api-token: {reader}"), ("-o", "/dev/null", "-w", "%{http_code}")
        assert json.loads(await box.curl(*token, f"{box.http}/data")) == {"scope": "read"}
        assert await box.curl(*code, f"{box.http}/data") == "401"
        assert await box.curl(*code, *token, "-X", "PUT", f"{box.http}/data") == "403"
        assert await box.curl(*code, f"{box.http}/api/v1/system/time") == "401"
        assert await box.curl(*code, "-X", "POST", f"{box.http}/") == "405"

    against(mosquitto, tmp_path / "state", scenario)


def test_fault_of_a_route_is_told_in_the_log_and_not_to_the_client(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(box: Box) -> None:
        told = await box.curl("-i", f"{box.http}/fault")
        assert told.startswith("HTTP/1.1 500")
        assert json.loads(told.splitlines()[-1]) == {"message": "Internal error of the emulated gateway."}

    against(mosquitto, tmp_path / "state", scenario)
    # aiohttp tells of the end of the server as well where that comes on the heels of the answer.
    ours = [record for record in caplog.records if record.name.startswith("bundlekit.")]
    assert [record.exc_info and record.exc_info[0] for record in ours] == [ZeroDivisionError]


def test_second_port_in_use_is_an_error_and_leaves_the_first_one_free(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(box: Box) -> None:
        taken = SocketAddress.parse(box.http.removeprefix("http://"))
        tokens = Tokens(tmp_path)
        front = RestFront(mosquitto.address, listen=LOOPBACK, http=taken, authorizer=tokens.scope_of)
        with pytest.raises(CannotListen, match="something listens there already"):
            await front.start()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(front.address.host, front.address.port)

    against(mosquitto, tmp_path / "state", scenario)
