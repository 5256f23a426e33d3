"""What the client makes of answers, good and bad, and what it lets nobody see."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from bundlekit.errors import BadUsage, BundlekitError, CouldNotRun, GatewayUnreachable
from bundlekit.gateway import GatewayClient, certificate_in, client
from bundlekit.gateway.trust import anybody
from bundlekit.gateway.wire import ByteStream
from tests.gateway.servers import Behaviour, Server, http, says, server

TOKEN = "s3cr3t-t0ken"


def of(running: Server, **others: Any) -> GatewayClient:
    return GatewayClient(running.url, TOKEN, trust=certificate_in(running.certificate), **others)


def test_answer_has_status_headers_and_value(tmp_path: Path) -> None:
    with server(tmp_path, says(http("200 OK", b'{"key": "value"}', "X-Kind: bundle"))) as running:
        answer = of(running).get("/thermostat")
    assert (answer.status, answer.ok, answer.json) == (200, True, {"key": "value"})
    assert answer.headers["x-kind"] == "bundle"
    assert answer.body == b'{"key": "value"}'


def test_refusal_is_an_answer_too(tmp_path: Path) -> None:
    with server(tmp_path, says(http("403 Forbidden", b'{"message": "no"}'))) as running:
        answer = of(running).delete("/thermostat")
    assert (answer.status, answer.ok, answer.json) == (403, False, {"message": "no"})


def test_no_body_is_no_value(tmp_path: Path) -> None:
    with server(tmp_path, says(http("204 No Content"))) as running:
        assert of(running).put("/thermostat").json is None


@pytest.mark.parametrize(
    ("resource", "query", "line"),
    [
        ("/thermostat", None, "/api/v1/thermostat"),
        ("/api/v1/thermostat", None, "/api/v1/thermostat"),
        ("/system/status?fields=a,b", None, "/api/v1/system/status?fields=a,b"),
        ("/system/status", {"fields": "a,b", "x": 1}, "/api/v1/system/status?fields=a,b&x=1"),
        ("/a?x=1", {"y": "ä &"}, "/api/v1/a?x=1&y=%C3%A4+%26"),
        ("/räume/a b\r\nX: y#z", None, "/api/v1/r%C3%A4ume/a%20b%0D%0AX:%20y%23z"),
    ],
)
def test_resource_becomes_a_request_line(tmp_path: Path, resource: str, query: Any, line: str) -> None:
    with server(tmp_path, says(http("200 OK"))) as running:
        of(running).get(resource, query=query)
    assert running.heard[0].split(b"\r\n")[0].decode() == f"GET {line} HTTP/1.1"


@pytest.mark.parametrize(("data", "body"), [({"a": 1}, b'{"a": 1}'), (None, b"null"), ([], b"[]")])
def test_data_goes_as_json_with_the_token(tmp_path: Path, data: Any, body: bytes) -> None:
    with server(tmp_path, says(http("200 OK"))) as running:
        of(running).put("/thermostat", data)
    head, _, sent = running.heard[0].partition(b"\r\n\r\n")
    assert sent == body
    assert f"mx-api-token: {TOKEN}".encode() in head
    assert b"Content-Type: application/json" in head


def test_content_goes_as_it_is(tmp_path: Path) -> None:
    with server(tmp_path, says(http("200 OK"))) as running:
        of(running).request("post", "/thermostat", content=b'{"a": 1.10}')
    assert running.heard[0].endswith(b'\r\n\r\n{"a": 1.10}')


def test_early_refusal_of_a_huge_body_is_heard(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(http("413 Too Large", b'{"message": "too large"}'))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        gateway = GatewayClient(f"http://127.0.0.1:{listening.getsockname()[1]}", TOKEN, trust=anybody)
        assert gateway.put("/a", "x" * 5_000_000).status == 413
        thread.join(10)


def drips(part: bytes) -> Behaviour:
    """Sends a byte now and then, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(part)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return behave


LIES: dict[str, tuple[Behaviour, type[BundlekitError], str]] = {
    "not HTTP": (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), CouldNotRun, "does not answer as HTTP does"),
    "nothing": (says(b""), GatewayUnreachable, "broke"),
    "a status that is none": (says(b"HTTP/1.1 abc OK\r\n\r\n"), CouldNotRun, "does not answer as HTTP does"),
    "shorter than it says": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        GatewayUnreachable,
        "shorter than it says",
    ),
    "a chunk that is none": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        GatewayUnreachable,
        "shorter than it says",
    ),
    "too many headers": (says(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000), CouldNotRun, "does not answer as HTTP"),
    "an endless header": (says(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000), CouldNotRun, "does not answer as HTTP"),
    "a huge body": (says(http("200 OK", b"x" * 5000)), CouldNotRun, "more than"),
    "a head that never ends": (drips(b"HTTP/1.1 200 OK\r\nA: "), GatewayUnreachable, "within 1 s"),
    "a body that never ends": (
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"),
        GatewayUnreachable,
        "within 1 s",
    ),
    "text in place of JSON": (says(http("200 OK", b"\x1b[2J<html>")), CouldNotRun, "which is not JSON"),
    "NaN": (says(http("200 OK", b'{"a": NaN}')), CouldNotRun, "which is not JSON"),
    "deep JSON": (says(http("200 OK", b"[" * 1024)), CouldNotRun, "which is not JSON"),
    "bytes of no encoding": (says(http("200 OK", b'"\xff\xfe\xfd"')), CouldNotRun, "which is not JSON"),
}


@pytest.mark.parametrize("lie", LIES)
def test_gateway_that_lies_is_told_of_in_words(tmp_path: Path, lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    behave, kind, words = LIES[lie]
    monkeypatch.setattr(client, "LARGEST", 4096)
    with server(tmp_path, behave) as running, pytest.raises(kind) as raised:
        assert of(running, timeout=1.0).get("/thermostat").json is None
    assert words in raised.value.message
    assert TOKEN not in "".join(traceback.format_exception(raised.value))


def test_port_that_speaks_no_tls(tmp_path: Path) -> None:
    with server(tmp_path, says(b""), tls=False) as running, pytest.raises(GatewayUnreachable) as raised:
        of(running, timeout=2.0).get("/a")
    assert "HTTPS" in raised.value.message or "within" in raised.value.message


def test_tls_handshake_that_never_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(GatewayUnreachable, match="does not answer GET /api/v1/a within"):
            GatewayClient(url, TOKEN, trust=anybody, timeout=0.3).get("/a")


def test_port_that_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(GatewayUnreachable, match="refuses connections"):
        GatewayClient(f"https://127.0.0.1:{port}", TOKEN, trust=anybody).get("/a")


class Channel:
    """A byte stream that is no socket, as an SSH channel."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self.recv = self._socket.recv
        self.sendall = self._socket.sendall
        self.settimeout = self._socket.settimeout
        self.close = self._socket.close


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_any_stream_will_do(tmp_path: Path, size: int) -> None:
    with server(tmp_path, says(http("200 OK", json.dumps("a" * size).encode()))) as running:
        opened: list[float] = []

        def opener(seconds: float) -> ByteStream:
            opened.append(seconds)
            return Channel(running.port)

        gateway = GatewayClient.over(opener, TOKEN, name="gateway", timeout=5)
        assert gateway.put("/a", "b" * size).json == "a" * size
        assert opened == [5]
    assert running.heard[0].endswith(b'"' + b"b" * size + b'"')


@pytest.mark.parametrize("lie", ["nothing", "a head that never ends", "shorter than it says"])
def test_stream_that_breaks_or_drips_is_told_of(tmp_path: Path, lie: str) -> None:
    behave, kind, words = LIES[lie]
    with server(tmp_path, behave) as running, pytest.raises(kind) as raised:
        GatewayClient.over(lambda _: Channel(running.port), TOKEN, name="gateway", timeout=1).get("/a")
    assert words in raised.value.message


def test_token_is_in_no_representation() -> None:
    gateway = GatewayClient("https://gateway", TOKEN, trust=anybody)
    assert TOKEN not in repr(gateway) + str(gateway)
    assert repr(gateway) == "<GatewayClient of gateway:443>"


@pytest.mark.parametrize("token", ["", "a b", "evil\r\nX: y", "ümlaut", "x" * 5000])
def test_what_can_be_no_token_is_refused_unseen(token: str) -> None:
    with pytest.raises(BadUsage) as raised:
        GatewayClient("https://gateway", token, trust=anybody)
    assert not token or token not in raised.value.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("192.168.4.127", "does not begin with https://"),
        ("ftp://gateway", "does not begin with https://"),
        ("https://", "no proper host"),
        ("https://gate way", "no proper host"),
        ("https://gateway:99999", "Port out of range"),
        ("https://gateway/thermostat", "the resource is an argument of its own"),
        ("https://moxa:hunter2@gateway", "no place"),
        ("http://192.168.4.127", "readable on the way"),
    ],
)
def test_url_that_is_none_is_refused(url: str, words: str) -> None:
    with pytest.raises(BadUsage) as raised:
        GatewayClient(url, TOKEN, trust=anybody)
    assert words in raised.value.message
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://gateway", "gateway:443"),
        ("https://Gateway:8443/api/v1/", "gateway:8443"),
        ("https://[fe80::1]:1", "[fe80::1]:1"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost", "localhost:80"),
    ],
)
def test_url_leads_to_a_place(url: str, place: str) -> None:
    assert repr(GatewayClient(url, TOKEN, trust=anybody)) == f"<GatewayClient of {place}>"


@pytest.mark.parametrize(("method", "resource"), [("GET IT", "/a"), ("", "/a"), ("GET", "a"), ("GET", "")])
def test_request_that_is_none_is_refused(method: str, resource: str) -> None:
    with pytest.raises(BadUsage):
        GatewayClient("https://gateway", TOKEN, trust=anybody).request(method, resource)
