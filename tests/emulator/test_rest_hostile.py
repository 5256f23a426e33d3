"""The REST front and clients that are slow, broken or hostile; all speak over plain sockets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from bundlekit.emulator.connection import Limits
from tests.emulator.conftest import Mosquitto
from tests.emulator.test_rest import TOKEN, Client, Message, gateway, mirror, model

HASTE = Limits(head=0.4, body=0.4, size=4096)


@dataclass(frozen=True)
class Heard:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


def head(start: str, *headers: str) -> bytes:
    lines = [f"{start} HTTP/1.1", "host: x", f"mx-api-token: {TOKEN}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin1")


def put(body: bytes, *headers: str) -> bytes:
    return head("PUT /api/v1/mirror", "content-type: application/json", *headers) + body


def port(client: Client) -> int:
    return int(client.url.split(":")[2].partition("/")[0])


async def hear(reader: asyncio.StreamReader, *, without_body: bool = False) -> Heard:
    """One response; it fails where there is none."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    length = 0 if without_body else int(headers.get("content-length", 0))
    return Heard(int(lines[0].split()[1]), headers, await reader.readexactly(length))


def answer(request: Message) -> Message:
    return {} if request["resource"] == "/mirror/silent" else mirror(request)


def against(
    broker: Mosquitto, scenario: Callable[[Client], Awaitable[None]], limits: Limits = HASTE, ttl: float = 60
) -> None:
    async def run() -> None:
        running = gateway(broker.address, limits=limits)
        async with running as client, model(broker.address, "/mirror/#", answer, ttl=ttl), asyncio.timeout(60):
            await scenario(client)

    asyncio.run(run())


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, "not HTTP"),
    "HTTPS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "not HTTP"),
    "a header without a colon": (head("GET /api/v1/mirror", "nonsense"), 400, "not HTTP"),
    "a long URL": (head("GET /api/v1/mirror?" + "x" * 100_000), 431, "too long"),
    "a long header": (head("GET /api/v1/mirror", "x: " + "y" * 100_000), 431, "too long"),
    "many headers": (head("GET /api/v1/mirror", *(f"x{number}: y" for number in range(20_000))), 431, "too many"),
    "two lengths": (put(b"{}", "content-length: 2", "content-length: 3"), 400, "not HTTP"),
    "a length and chunks": (put(b"2\r\n{}\r\n", "content-length: 2", "transfer-encoding: chunked"), 400, "not HTTP"),
    "a negative length": (put(b"{}", "content-length: -2"), 400, "not HTTP"),
    "a length that is no number": (put(b"{}", "content-length: two"), 400, "not HTTP"),
    "a huge length": (put(b"{}", "content-length: 5000"), 413, "larger than 4096 bytes"),
    "chunks without end": (
        put((b"400\r\n" + b" " * 1024 + b"\r\n") * 9, "transfer-encoding: chunked"),
        413,
        "larger than 4096 bytes",
    ),
    "a chunk that is none": (put(b"zz\r\n{}\r\n", "transfer-encoding: chunked"), 400, "not HTTP"),
    "a compressed body": (put(b"{}", "content-length: 2", "content-encoding: gzip"), 415, "compressed"),
    "a body in UTF-16": (put('"a"'.encode("utf-16"), "content-length: 8"), 400, "neither a JSON object nor a list"),
    "a number that is none": (put(b"[-.1]", "content-length: 5"), 400, "not JSON"),
    "a body that is never sent": (put(b"", "content-length: 5"), 408, "too long to arrive"),
    "a body that stops short": (put(b"[1,", "content-length: 5"), 408, "too long to arrive"),
    "a chunk that is never sent": (put(b"400\r\n", "transfer-encoding: chunked"), 408, "too long to arrive"),
    "a head that stops short": (b"GET /api/v1/mirror HTTP/1.1\r\nhost: x\r\n", 408, "too long to arrive"),
    "a request line that stops short": (b"GET", 408, "too long to arrive"),
}


def test_each_is_refused_in_json_and_closed_and_upsets_nobody(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(client: Client, name: str) -> None:
        sent, status, text = REFUSED[name]
        reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
        writer.write(sent)
        heard = await hear(reader)
        assert (name, heard.status) == (name, status)
        assert text in heard.message
        assert heard.headers["content-type"] == "application/json; charset=utf-8"
        if heard.headers.get("connection") == "close":
            assert await reader.read() == b""
        writer.close()

    async def scenario(client: Client) -> None:
        await asyncio.gather(*(refused(client, name) for name in REFUSED))
        assert (await client.ask("GET", "/mirror")).status == 200

    with caplog.at_level(logging.WARNING):
        against(mosquitto, scenario)
    assert caplog.records == []


ABSURD = [
    ("GET /api/v1/mirror/a%00b", 400),
    ("GET /api/v1/mirror/%0A", 400),
    ("GET /api/v1/mirror/%7f", 400),
    ("GET /api/v1/../../etc/passwd", 400),
    ("GET /api/v1/mirror/./a", 400),
    ("GET /api/v1/mirror/%2e%2E/a", 400),
    ("GET /api/v1/mirror/a#b", 400),
    ("GET /api/v1/#", 400),
    ("GET /api/v1/mirror/%zz", 400),
    ("GET /api/v1/mirror?a=%", 400),
    ("GET /api/v1/mirror/\xfc", 400),
    ("GET /%61pi/v1/mirror", 400),
    ("GET http://[::1/api/v1/mirror", 400),
    ("GET /api/v1/%23", 403),
    ("GET /api/v1/+", 403),
    ("GET /api/v1/", 408),
    ("GET /api/v1//?x", 408),
    ("GET /api/v1//mirror/../x", 400),
    ("GET //api/v1/mirror", 404),
    ("GET /other/../api/v1/mirror", 404),
    ("GET /api/v1", 404),
    ("GET /api/v11/mirror", 404),
    ("OPTIONS *", 404),
    ("CONNECT example.com:443", 404),
    ("TRACE /api/v1/mirror", 405),
    ("PROPFIND /api/v1/mirror", 405),
]


def test_absurd_request_line_is_refused_in_json(mosquitto: Mosquitto) -> None:
    async def refused(client: Client, start: str, status: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
        writer.write(head(start))
        heard = await hear(reader)
        assert (start, heard.status, bool(heard.message)) == (start, status, True)
        writer.close()

    async def scenario(client: Client) -> None:
        await asyncio.gather(*(refused(client, start, status) for start, status in ABSURD))

    against(mosquitto, scenario)


RESOURCES = (
    "/mirror/+",
    "/mirror/%23",
    "/mirror/a%2Fb/%C3%BC",
    "/mirror/'\"<>|{}",
    "/mirror/...",
    "/mirror?a=+&b=%00&c=../",
)


def test_resource_is_handed_on_as_it_came(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for resource in RESOURCES:
            for prefix in ("", "http://gateway:8443"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
                writer.write(head(f"GET {prefix}/api/v1{resource}"))
                assert json.loads((await hear(reader)).body)["resource"] == resource
                writer.close()

    against(mosquitto, scenario)


def test_head_that_trickles_is_given_up_on_the_first_request_and_on_later_ones(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for requests_before in (0, 1, 2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
            for _ in range(requests_before):
                writer.write(head("GET /api/v1/mirror"))
                assert (await hear(reader)).status == 200
            heard = asyncio.create_task(hear(reader))
            writer.write(b"GET /")
            while not heard.done():
                writer.write(b"x")
                await asyncio.sleep(0.05)
            assert heard.result().status == 408
            writer.close()

    against(mosquitto, scenario)


def test_client_that_says_nothing_is_cut_off_without_a_word(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
        assert await reader.read() == b""
        writer.close()

    against(mosquitto, scenario)


def test_answer_and_pause_between_requests_may_take_longer_than_a_head(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
        writer.write(head("GET /api/v1/mirror/silent"))
        assert b"ttl expired" in (await hear(reader)).body
        await asyncio.sleep(0.6)
        writer.write(head("GET /api/v1/mirror"))
        assert (await hear(reader)).status == 200
        writer.close()

    against(mosquitto, scenario, ttl=1.2)


def test_pipelined_requests_are_answered_in_their_order(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
        stranger = b"PUT /api/v1/mirror HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
        writer.write(stranger + b"".join(head(f"GET /api/v1/mirror/{number}") for number in range(50)))
        assert (await hear(reader)).status == 401
        for number in range(50):
            assert json.loads((await hear(reader)).body)["resource"] == f"/mirror/{number}"
        writer.close()

    against(mosquitto, scenario)


def test_body_is_asked_for_only_where_it_is_wanted(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for headers, code in ((("content-length: 2",), 100), (("content-length: 5000",), 413)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
            writer.write(put(b"", "expect: 100-continue", *headers))
            heard = await hear(reader)
            assert heard.status == code
            if code == 100:
                writer.write(b"{}")
                assert (await hear(reader)).status == 200
            writer.close()

    against(mosquitto, scenario)


def test_no_response_names_the_server_or_may_be_kept_or_guessed_at(mosquitto: Mosquitto) -> None:
    async def scenario(client: Client) -> None:
        for sent in (head("GET /api/v1/mirror"), head("GET /nowhere"), b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port(client))
            writer.write(sent)
            headers = (await hear(reader)).headers
            assert "server" not in headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            writer.close()

    against(mosquitto, scenario)
