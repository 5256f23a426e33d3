"""The REST front over a real broker: HTTP in, messages on the bus, HTTP out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import aiomqtt
import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.connection import Limits
from bundlekit.emulator.lifecycle import CannotListen
from bundlekit.emulator.rest import RestFront
from bundlekit.emulator.service import ControllerService
from bundlekit.emulator.tokens import only
from tests.emulator.conftest import Mosquitto

TOKEN = "let-me-in"
Message = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass(frozen=True)
class Client:
    """An HTTP client that sends the token unless told otherwise."""

    http: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        kind = {"Content-Type": "application/json"} if "data" in options else {}
        options.setdefault("headers", {"mx-api-token": TOKEN, **kind})
        async with self.http.request(method, self.url + path, **options) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text) if text else None, response.headers)


@asynccontextmanager
async def gateway(broker: SocketAddress, limits: Limits | None = None, **options: Any) -> AsyncIterator[Client]:
    front = RestFront(broker, listen=SocketAddress("127.0.0.1", 0), authorizer=only(TOKEN), limits=limits, **options)
    async with ControllerService(broker), front, aiohttp.ClientSession() as http:
        yield Client(http, front.url)


@asynccontextmanager
async def model(
    broker: SocketAddress, resource: str, answer: Callable[[Message], Message], ttl: float = 60
) -> AsyncIterator[None]:
    """A component that answers each request with what `answer` adds to it; written without our code."""
    ready = asyncio.Event()

    async def run() -> None:
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.subscribe("model")
            resources = list({resource, resource.removesuffix("/#")})
            data = {"name": "model", "description": "d", "role": "model", "ttl": ttl, "resources": resources}
            post = {"id": 1, "method": "post", "resource": "/controller/registration", "tunnel": "model"}
            await client.publish("/controller", json.dumps({**post, "data": data}))
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard = json.loads(message.payload)
                if heard.get("sign") == ["controller"]:
                    await client.subscribe(heard["data"]["tunnel"])
                    ready.set()
                elif answered := answer(heard):
                    response = {**heard, "code": 200, "sign": ["model"], **answered}
                    await client.publish("/controller", json.dumps(response))

    running = asyncio.create_task(run())
    await ready.wait()
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


def mirror(request: Message) -> Message:
    """Tells what arrived."""
    return {"data": {key: request[key] for key in ("method", "resource", "data") if key in request}}


def keep_silent(request: Message) -> Message:
    return {}


def against(broker: Mosquitto, scenario: Callable[[Client], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with gateway(broker.address, **options) as client, model(broker.address, "/mirror/#", mirror):
            await scenario(client)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_request_becomes_a_message_and_its_answer_the_response(mosquitto: Mosquitto, method: str) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask(method, "/mirror/7?x=%20&y", json={"ü": 1})
        assert answer.status == 200
        assert answer.body == {
            "method": method.lower(),
            "resource": "/mirror/7?x=%20&y",
            "data": {"ü": 1},
        }

    against(mosquitto, scenario)


JSON = "application/json"
BODIES: list[tuple[bytes, str, Any]] = [
    # body, content type, what the message has
    (b"", JSON, {"data": {}}),
    (b"{}", JSON, {"data": {}}),
    (b"[]", JSON, {}),
    (b"[1]", JSON, {"data": [1]}),
    (b' \n{"a": null}', JSON, {"data": {"a": None}}),
    (b'{"a": 1}', "application/json; charset=utf-8", {"data": {"a": 1}}),
    ('{"a": "ü"}'.encode("utf-16"), "Application/JSON; charset=UTF-16", {"data": {"a": "ü"}}),
    ('{"a": "ü"}'.encode("latin-1"), "application/json;charset=iso-8859-1", {"data": {"a": "ü"}}),
    (b'{"a": "\xff"}', JSON, {"data": {"a": "\ufffd"}}),
    (b"\xef\xbb\xbf{}", JSON, {"data": {}}),
    (b'{"a": 1}', "application/x-www-form-urlencoded", {"data": {}}),
    (b'{"a": 1}', "text/plain", {"data": {}}),
    (b'{"a": 1}', "application/vnd.api+json", {"data": {}}),
    (b"nonsense", "text/plain", {"data": {}}),
    # Numbers as JavaScript has them.
    (b"[1.0, -0.0, 1e2, 1.5, 1e400, -1e400, 1e21]", JSON, {"data": [1, 0, 100, 1.5, None, None, 1e21]}),
    (b"[9007199254740993, 9223372036854774784]", JSON, {"data": [9007199254740992, 9223372036854775000]}),
]


def test_body_becomes_data_as_in_the_original(mosquitto: Mosquitto) -> None:
    told: list[str] = []

    async def scenario(client: Client) -> None:
        for method in ("GET", "DELETE", "PUT", "POST"):
            assert (await client.ask(method, "/mirror")).body["data"] == {}
        for body, kind, message in BODIES:
            headers = {"mx-api-token": TOKEN, "Content-Type": kind}
            answer = await client.ask("PUT", "/mirror", data=body, headers=headers)
            seen = {key: value for key, value in answer.body.items() if key == "data"}
            assert (body, kind, json.dumps(seen)) == (body, kind, json.dumps(message))

    against(mosquitto, scenario, tell=told.append)
    assert len(told) == 4
    assert "does not read the body of PUT /mirror: its Content-Type is text/plain, not application/json" in told[1]


DROPPED = ['{"a": "\\u0000"}', '["\\ud800"]', "[9223372036854775808]", "[99999999999999999999]"]


def test_what_the_controller_drops_is_408_at_once(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for body in DROPPED:
            answer = await client.ask("PUT", "/mirror", data=body.encode())
            assert (body, answer.status, answer.body) == (body, 408, {"message": "Request timeout."})

    against(mosquitto, scenario)


def test_charset_that_nobody_knows_is_415(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for charset in ("utf-7", "base64", "x", "iso-8859-99"):
            headers = {"mx-api-token": TOKEN, "Content-Type": f"application/json; charset={charset}"}
            assert (await client.ask("PUT", "/mirror", data=b"{}", headers=headers)).status == 415

    against(mosquitto, scenario)


def test_etag_is_that_of_the_body_and_gives_304(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        tag = (await client.ask("GET", "/mirror")).headers["ETag"]
        assert (await client.ask("GET", "/mirror/7")).headers["ETag"] != tag

        async def again(method: str, **more: str) -> int:
            return (await client.ask(method, "/mirror", headers={"mx-api-token": TOKEN, **more})).status

        assert await again("GET", **{"If-None-Match": tag}) == 304
        assert await again("GET", **{"If-None-Match": f'"x", {tag.removeprefix("W/")}'}) == 304
        assert await again("GET", **{"If-None-Match": "*"}) == 304
        assert await again("GET", **{"If-None-Match": '"x"'}) == 200
        assert await again("GET", **{"If-None-Match": tag, "Cache-Control": "no-cache"}) == 200
        put = (await client.ask("PUT", "/mirror")).headers["ETag"]
        assert await again("PUT", **{"If-None-Match": put}) == 200

    against(mosquitto, scenario)


def test_prefix_is_found_in_any_case_and_slashes_are_one(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        host = client.url.removesuffix("/api/v1")
        for path in ("/API/v1/mirror", "/Api/V1/mirror", "/api/v1//mirror", "/api/v1///mirror"):
            answer = await Client(client.http, host).ask("GET", path)
            assert (path, answer.status, answer.body["resource"]) == (path, 200, "/mirror")

    against(mosquitto, scenario)


@pytest.mark.parametrize("headers", [{}, {"mx-api-token": ""}, {"mx-api-token": TOKEN + "x"}, {"mx-api-token": "ü"}])
def test_without_the_token_nothing_is_told(mosquitto: Mosquitto, headers: dict[str, str]) -> None:
    async def scenario(client: Client) -> None:
        for method, path in (("GET", "/mirror"), ("GET", "/nowhere"), ("PATCH", "/mirror")):
            answer = await client.ask(method, path, headers=headers)
            assert answer.status == 401
            assert TOKEN not in str(answer.body)

    against(mosquitto, scenario)


@pytest.mark.parametrize(
    "body",
    [b"{", b"nonsense", b"{'a': 1}", b"[NaN]", b"\xff\xfe\xfd", b"[" * 100_000, b'"x"', b"7", b"true", b"null", b" "],
    ids=lambda body: repr(body[:12]),
)
def test_body_that_is_not_json_is_refused(mosquitto: Mosquitto, body: bytes) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask("PUT", "/mirror", data=body)
        assert (answer.status, list(answer.body)) == (400, ["message"])

    against(mosquitto, scenario)


def test_body_that_is_nested_within_reason_is_passed_on(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        body = b"[" * 300 + b"]" * 300
        answer = await client.ask("PUT", "/mirror", data=body)
        assert json.dumps(answer.body["data"]).encode() == body

    against(mosquitto, scenario)


def test_huge_body_is_refused(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        assert (await client.ask("PUT", "/mirror", data=b'["' + b"x" * 100 * 1024 + b'"]')).status == 413
        assert (await client.ask("PUT", "/mirror", data=b'["' + b"x" * (100 * 1024 - 4) + b'"]')).status == 200

    against(mosquitto, scenario)


def test_methods_beside_the_four_are_refused(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for method in ("HEAD", "OPTIONS", "PATCH"):
            assert (await client.ask(method, "/mirror")).status == 500
        answer = await client.ask("TRACE", "/mirror")
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(",")) == {"GET", "POST", "PUT", "DELETE"}

    against(mosquitto, scenario)


def test_resource_that_nobody_has_is_forbidden(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask("GET", "/nowhere")
        assert answer.status == 403
        assert answer.body == {"message": "request forbidden", "log": "resource has no subscribed model"}

    against(mosquitto, scenario)


def test_front_is_not_deregistered_through_itself(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for resource, data in (("/controller/registration/rest", None), ("/controller/registration", {"name": "rest"})):
            assert (await client.ask("DELETE", resource, json=data)).status == 403
        assert (await client.ask("DELETE", "/controller/registration/model")).status == 200
        assert (await client.ask("GET", "/mirror")).status == 403

    against(mosquitto, scenario)


def test_answer_may_have_any_status_and_no_data(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        def answer(request: Message) -> Message:
            return {"code": json.loads(request["resource"].removeprefix("/x/"))}

        async with gateway(mosquitto.address) as client, model(mosquitto.address, "/x/+", answer):
            for status in (200, 204, 304, 418, 503, 600, 999):
                assert (await client.ask("GET", f"/x/{status}")).status == status
            assert (await client.ask("GET", "/x/2e2")).status == 200
            for code in ("0", "1000", "-5"):
                assert (await client.ask("GET", f"/x/{code}")).status == 500

    asyncio.run(scenario())


def test_model_that_keeps_silent_runs_out_of_its_ttl(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        silent = model(mosquitto.address, "/silent", keep_silent, ttl=0.2)
        async with gateway(mosquitto.address) as client, silent:
            answer = await client.ask("GET", "/silent")
            assert answer.status == 408
            assert answer.body == {"message": "session failed due to ttl expired ."}

    asyncio.run(scenario())


def test_rest_front_gives_up_before_a_longer_ttl_does(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        silent = model(mosquitto.address, "/silent", keep_silent, ttl=600)
        async with gateway(mosquitto.address, limits=Limits(answer=0.3)) as client, silent:
            answer = await client.ask("GET", "/silent")
            assert (answer.status, answer.body) == (408, {"message": "Request timeout."})

    asyncio.run(scenario())


def test_client_that_never_sends_its_body_is_given_up(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        port = int(client.url.split(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"PUT /api/v1/mirror HTTP/1.1\r\nhost: x\r\nmx-api-token: {TOKEN}\r\ncontent-length: 5\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()

    against(mosquitto, scenario, limits=Limits(body=0.3))


def test_many_requests_at_once_each_get_their_own_answer(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        answers = await asyncio.gather(*(client.ask("GET", f"/mirror/{number}") for number in range(200)))
        assert [answer.body["resource"] for answer in answers] == [f"/mirror/{number}" for number in range(200)]

    against(mosquitto, scenario)


def test_everything_answers_again_after_the_broker_was_away(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        async with gateway(mosquitto.address) as client:
            mosquitto.stop()
            while (await client.ask("GET", "/mirror")).status != 503:
                await asyncio.sleep(0.02)
            mosquitto.start()
            while (await client.ask("GET", "/mirror")).status == 503:
                await asyncio.sleep(0.02)
            async with model(mosquitto.address, "/mirror", mirror):
                assert (await client.ask("GET", "/mirror")).status == 200

    asyncio.run(scenario())


def test_start_waits_for_a_broker_that_is_not_up_yet(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        mosquitto.stop()
        service = ControllerService(mosquitto.address)
        starting = asyncio.create_task(service.start())
        _, waiting = await asyncio.wait([starting], timeout=0.3)
        assert waiting
        mosquitto.start()
        await starting
        await service.stop()

    asyncio.run(scenario())


def test_port_in_use_is_an_error_and_leaves_nothing_running(mosquitto: Mosquitto) -> None:
    async def scenario() -> None:
        async with gateway(mosquitto.address) as client:
            taken = SocketAddress("127.0.0.1", int(client.url.split(":")[2].partition("/")[0]))
            with pytest.raises(CannotListen, match="something listens there already"):
                await RestFront(mosquitto.address, listen=taken, authorizer=only(TOKEN)).start()
            assert (await client.ask("GET", "/nowhere")).status == 403

    asyncio.run(scenario())
