"""The program that asks a bundle's GETs on the gateway, against APIs of all kinds."""

from __future__ import annotations

import itertools
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bundlekit.remote import script
from tests.box.base import base
from tests.box.front import self_signed
from tests.emulator.bundles.pythons import python_2

Answer = Callable[[str, int], tuple[int, bytes]]


@pytest.fixture(scope="module", params=["2", "3"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "3":
        return sys.executable
    python = python_2(tmp_path_factory.mktemp("python"))
    libraries = python.parent / "ssl"
    libraries.mkdir()
    for file in base().root.glob("usr/lib/*/lib*.so.1.1"):  # of OpenSSL, as its ssl module wants it
        (libraries / file.name).symlink_to(file)
    python.write_text(python.read_text().replace("PYTHONHOME", f"LD_LIBRARY_PATH={libraries} PYTHONHOME"))
    return str(python)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("certificate")
    self_signed("127.0.0.1", folder / "certificate.pem", folder / "key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@contextmanager
def api(context: ssl.SSLContext, answer: Answer) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A REST API that answers a path, asked for the n-th time, with a status and a body; its port, what is asked."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["mx-api-token"]))
            status, body = answer(self.path, sum(path == self.path for path, _ in asked))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def verified(
    python: str,
    folder: Path,
    port: int,
    *resources: dict[str, Any],
    token: str = "secret\n",
    broker: tuple[str, int] = ("", 1),
    write: bool = False,
    **manifest: Any,
) -> tuple[list[str], str]:
    """The events, and the reason against the bundle. Of the broker, the tunnel and the port are given."""
    (folder / "bundle.json").write_text(json.dumps({"ttl": 5, "resources": resources, **manifest}))
    (folder / "token").write_text(token)
    command = 'reason=$("$@" 3>&1 >&4); status=$?; printf "%s\n%s" "$status" "$reason" >&2'
    arguments: list[str | Path] = [folder / "bundle.json", folder / "token", str(port), broker[0], str(broker[1])]
    arguments += ["write"] * write
    ended = subprocess.run(
        ["sh", "-c", f"{{ {command}; }} 4>&1", "sh", python, "-", *arguments],
        input=script.program("verify.py"),
        capture_output=True,
        text=True,
        check=True,
    )
    status, _, reason = ended.stderr.partition("\n")
    assert status == ("3" if reason else "0")
    assert "secret" not in ended.stdout + reason
    return ended.stdout.splitlines(), reason


def test_clock_that_is_set_meanwhile_leaves_nothing_out(
    tmp_path: Path, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps({"resources": [get("/one"), get("/two")]}))
    (tmp_path / "token").write_text("secret\n")
    program: dict[str, Any] = {"__name__": "verify"}
    exec(script.program("verify.py"), program)
    jumps = itertools.count(0, 1_000_000)
    with api(context, lambda *_: (200, b"{}")) as (port, asked):
        monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
        assert program["main"](tmp_path / "bundle.json", tmp_path / "token", port) == 0
    assert [path for path, _ in asked] == ["/api/v1/one", "/api/v1/two"]
    assert "lack of time" not in capfd.readouterr().out


def get(resource: str, **others: Any) -> dict[str, Any]:
    return {"methods": ["get"], "resource": resource, **others}


def test_asks_what_is_declared_and_nothing_else(python: str, tmp_path: Path, context: ssl.SSLContext) -> None:
    with api(context, lambda *_: (200, b"{}")) as (port, asked):
        events, reason = verified(
            python,
            tmp_path,
            port,
            get("/plain"),
            {"methods": "get", "resource": "/text"},
            {"methods": ["GET", "put"], "resource": "/upper"},
            get("/api/v1/prefix"),
            get("/plain"),
            get("/view", role="view"),
            get("/rooms/:id"),
            get("/all/#"),
            get("/some/+"),
            {"methods": ["put"], "resource": "/put"},
            {"resource": "/none"},
            {"methods": 5, "resource": 6},
            get("/\u00fc ?x"),
        )
    assert reason == ""
    assert [path for path, _ in asked] == [
        f"/api/v1/{path}" for path in ("plain", "text", "upper", "prefix", "%C3%BC%20%3Fx")
    ]
    assert {token for _, token in asked} == {"secret"}
    assert [event.split("\t")[:4] for event in events[:2]] == [
        ["answer", "GET", f"/{x}", "200"] for x in ("plain", "text")
    ]


def test_tells_what_the_first_one_answered_and_how_many_more(
    python: str, tmp_path: Path, context: ssl.SSLContext
) -> None:
    body = json.dumps(
        {"message": "Internal\tError.\n\x1b[31m", "traceback": 'File "/a/b/index.py", line 7, in get\n  x\n'}
    ).encode()
    with api(context, lambda path, _: (200, b"") if path.endswith("/good") else (500, body)) as (port, asked):
        events, reason = verified(python, tmp_path, port, get("/bad"), get("/good"), get("/worse"))
    assert reason == "GET /bad answers 500: Internal Error. [31m (index.py, line 7) (and 1 more)"
    assert [event.split("\t")[3] for event in events[:3]] == ["500", "200", "500"]
    assert len(asked) == 7, "three tries for each that fails"


def test_second_try_counts(python: str, tmp_path: Path, context: ssl.SSLContext) -> None:
    with api(context, lambda _, time: (403, b'{"message": "request forbidden"}') if time == 1 else (204, b"")) as (
        port,
        _,
    ):
        events, reason = verified(python, tmp_path, port, get("/late"))
    assert reason == ""
    assert events[0].split("\t")[3] == "204"


def test_answer_that_does_not_come_is_waited_for_as_long_as_its_ttl(
    python: str, tmp_path: Path, context: ssl.SSLContext
) -> None:
    ended = threading.Event()

    def answer(path: str, time: int) -> tuple[int, bytes]:
        ended.wait(30)
        return 200, b"{}"

    with api(context, answer) as (port, asked):
        began = time.monotonic()
        events, reason = verified(python, tmp_path, port, get("/hangs"), ttl=0.5)
        assert time.monotonic() - began < 25
        ended.set()
    assert reason == "GET /hangs gives no answer within 2 s"
    assert events[0].startswith("answer\tGET\t/hangs\tnone\t")
    assert len(asked) == 1


NO_FAULT = [
    (502, b"<html>Bad Gateway</html>", "nothing answers as a REST API"),
    (200, b"<html>console</html>", "nothing answers as a REST API"),
    (401, b'{"message": "mx-api-token is wrong"}', "the API does not take the gateway's own token"),
]


@pytest.mark.parametrize("case", NO_FAULT, ids=lambda case: str(case[0]))
def test_what_is_no_fault_of_the_bundle_is_a_note(
    python: str, tmp_path: Path, context: ssl.SSLContext, case: tuple[int, bytes, str]
) -> None:
    status, body, words = case
    with api(context, lambda *_: (status, body)) as (port, _):
        events, reason = verified(python, tmp_path, port, get("/a"), get("/b"))
    assert reason == ""
    assert events[-1].startswith("note\t")
    assert words in events[-1]


def test_closed_port_and_no_resources_are_no_fault_either(python: str, tmp_path: Path) -> None:
    events, reason = verified(python, tmp_path, 1, get("/a"))
    assert (len(events), reason) == (1, "")
    assert "nothing answers as a REST API" in events[0]
    assert verified(python, tmp_path, 1) == ([], "")


def test_gateway_without_a_token_is_no_fault_either(python: str, tmp_path: Path) -> None:
    events, reason = verified(python, tmp_path, 1, get("/a"), token="")
    assert (len(events), reason) == (1, "")
    assert "this gateway has no API token in " in events[0]


@pytest.mark.parametrize("resources", [None, 5, {"a": 1}, ["x", {"resource": []}, {"methods": {"get": 1}}]])
def test_manifest_of_any_form_is_no_crash(python: str, tmp_path: Path, resources: object) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps({"resources": resources}))
    command = [python, "-", str(tmp_path / "bundle.json"), str(tmp_path / "token"), "1"]
    done = subprocess.run(command, input=script.program("verify.py"), capture_output=True, text=True, check=True)
    assert done.stderr == ""


class Broker:
    """An MQTT broker for one client at a time, who hears what the test publishes."""

    def __init__(self, *, refuses: bool = False) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._refuses = refuses
        self._client: socket.socket | None = None
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._client = client
            said = b""
            while b"/controller" not in said:  # it does not wait before it subscribes
                said += client.recv(100)
            client.sendall(b"\x20\x02\x00" + (b"\x05" if self._refuses else b"\x00"))
            if not self._refuses:
                client.sendall(b"\x90\x04\x00\x01\x00\x00")

    def publish(self, topic: str, payload: bytes) -> None:
        assert self._client is not None
        body = struct.pack(">H", len(topic)) + topic.encode() + payload
        size = bytearray()
        left = len(body)
        while left > 127:
            size.append(left & 127 | 128)
            left >>= 7
        self._client.sendall(b"\x30" + bytes([*size, left]) + body)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker()
    yield broker
    broker.close()


def sign(*names: str, resource: str = "/one", **others: Any) -> bytes:
    return json.dumps({"id": 1, "code": 200, "resource": resource, "method": "get", "sign": names, **others}).encode()


REQUEST = b'{"id": 1, "method": "get", "resource": "/one", "data": {}}'
NOISE = [b"no JSON", b"[]", b"{}", b"\xff", sign("other", resource="/elsewhere"), b"x" * 70_000]

ANSWERED_BY = [
    ([("/controller", sign("thermo-b"))], "", []),
    ([("/controller", sign("thermo-b", data="\u00fc" * 100_000))], "", []),
    ([("/controller", sign("thermo-b", resource="/one?x=1"))], "", []),
    ([("/controller", sign("thermo"))], "GET /one is answered by thermo, and not by this bundle", []),
    (
        [("/controller", sign("thermo")), ("/controller", sign("thermo-b"))],
        "",
        ["note\tGET /one is answered by thermo as well, and the answers are merged"],
    ),
    (
        [],
        "",
        ["note\twhether it is this bundle that answers could not be seen on the broker: no answer was seen there"],
    ),
]


@pytest.mark.parametrize("case", ANSWERED_BY, ids=range(len(ANSWERED_BY)))
def test_answer_counts_only_if_the_bundle_signs_it(
    python: str,
    tmp_path: Path,
    context: ssl.SSLContext,
    broker: Broker,
    case: tuple[list[tuple[str, bytes]], str, list[str]],
) -> None:
    published, unfit, notes = case

    def answer(_path: str, _time: int) -> tuple[int, bytes]:
        for topic, payload in [*(("/controller", noise) for noise in NOISE), ("5", REQUEST), *published]:
            broker.publish(topic, payload)
        return 200, b"{}"

    with api(context, answer) as (port, _):
        events, reason = verified(python, tmp_path, port, get("/one"), name="thermo-b", broker=("5", broker.port))
    assert reason == unfit
    assert [event for event in events if event.startswith("note")] == notes


def test_answer_of_another_process_of_that_name_does_not_count(
    python: str, tmp_path: Path, context: ssl.SSLContext, broker: Broker
) -> None:
    def answer(_path: str, _time: int) -> tuple[int, bytes]:
        broker.publish("/controller", sign("thermo-b"))
        return 200, b"{}"

    with api(context, answer) as (port, _):
        _, reason = verified(python, tmp_path, port, get("/one"), name="thermo-b", broker=("5", broker.port))
    assert reason == "GET /one is answered by another process that is called thermo-b as well"


def test_broker_that_lets_nobody_in_is_no_fault_of_the_bundle(
    python: str, tmp_path: Path, context: ssl.SSLContext
) -> None:
    broker = Broker(refuses=True)
    with api(context, lambda *_: (200, b"{}")) as (port, _):
        events, reason = verified(python, tmp_path, port, get("/one"), get("/two"), broker=("5", broker.port))
    broker.close()
    assert reason == ""
    assert [event for event in events if event.startswith("note")] == [
        "note\twhether it is this bundle that answers could not be seen on the broker: it lets nobody in"
    ]


class Store:
    """The API of a bundle that keeps a document, and tells the broker who has answered for it."""

    def __init__(self, context: ssl.SSLContext, broker: Broker) -> None:
        self.content = '{"name": "\u00fc", "limit": 21.50}'.encode()
        self.names: tuple[str, ...] = ("thermo-b",)
        self.put: Callable[[bytes], tuple[int, bytes]] = self.keep
        self.asked: list[tuple[str, bytes]] = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = self.rfile.read(int(self.headers["Content-Length"] or 0))
                store.asked.append((f"{self.command} {self.path.removeprefix('/api/v1')}", given))
                status, body = store.put(given) if self.command == "PUT" else (200, store.content)
                for topic, payload in [("5", REQUEST), *(("/controller", sign(name)) for name in store.names)]:
                    broker.publish(topic, payload)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def methods(self) -> list[str]:
        return [request.split()[0] for request, _ in self.asked]

    def keep(self, given: bytes) -> tuple[int, bytes]:
        self.content = given
        return 200, given

    def drop(self, given: bytes) -> tuple[int, bytes]:
        self.content = b"{}"
        return 200, given


@pytest.fixture
def store(context: ssl.SSLContext, broker: Broker) -> Iterator[Store]:
    store = Store(context, broker)
    yield store
    store.server.shutdown()
    store.server.server_close()


def written(python: str, folder: Path, store: Store, broker: Broker, *, write: bool = True) -> tuple[list[str], str]:
    one = {"methods": ["get", "PUT"], "resource": "/one"}
    listened = {"methods": ["get", "put"], "resource": "/view", "role": "view"}
    events, reason = verified(
        python,
        folder,
        store.server.server_port,
        one,
        listened,
        {"methods": ["put"], "resource": "/put"},
        {"methods": ["get", "put"], "resource": "/rooms/:id"},
        name="thermo-b",
        broker=("5", broker.port),
        write=write,
    )
    assert {request.split()[1] for request, _ in store.asked} == {"/one"}
    return [event.rpartition("\t")[0] if event.startswith("answer") else event for event in events], reason


def test_what_a_get_gave_is_sent_back_as_it_is_where_that_is_asked_for(
    python: str, tmp_path: Path, store: Store, broker: Broker
) -> None:
    before = store.content
    assert written(python, tmp_path, store, broker, write=False) == (["answer\tGET\t/one\t200"], "")
    assert store.methods == ["GET"]
    store.asked.clear()
    events, reason = written(python, tmp_path, store, broker)
    assert reason == ""
    assert events == [f"answer\t{method}\t/one\t200" for method in ("GET", "GET", "PUT", "GET")]
    assert [given for request, given in store.asked if request == "PUT /one"] == [before]


def test_put_that_fails_or_does_not_keep_what_it_is_given_is_a_failure(
    python: str, tmp_path: Path, store: Store, broker: Broker
) -> None:
    store.put = lambda _: (500, b'{"message": "name dta"}')
    _, reason = written(python, tmp_path, store, broker)
    assert reason == "PUT /one of what GET gave answers 500: name dta"
    assert store.methods.count("PUT") == 3, "what has just registered is asked again"
    store.put = lambda given: store.keep(b"{}" if given != b"{}" else b'{"other": 1}')
    _, reason = written(python, tmp_path, store, broker)
    assert reason == "GET /one gives something else after a PUT of what it gave"
    values = itertools.count()
    store.put = lambda given: store.drop(given) if next(values) == 0 else store.keep(given)
    assert written(python, tmp_path, store, broker)[1] == "", "somebody else may have changed it just then"


def test_nothing_is_sent_where_another_bundle_may_get_it_or_a_get_fails(
    python: str, tmp_path: Path, store: Store, broker: Broker
) -> None:
    store.names = ("other", "thermo-b")
    events, reason = written(python, tmp_path, store, broker)
    told = "note\tnothing was sent to PUT /one: it was not seen that this bundle alone answers it"
    assert (events[-1], reason) == (told, "")
    store.names = ("other",)
    _, reason = written(python, tmp_path, store, broker)
    assert reason == "GET /one is answered by other, and not by this bundle"
    store.names = ()
    events, reason = written(python, tmp_path, store, broker)
    assert (events[-2], reason) == (told, "")
    assert "PUT" not in store.methods


def test_put_that_is_answered_by_no_rest_api_is_no_fault_of_the_bundle(
    python: str, tmp_path: Path, store: Store, broker: Broker
) -> None:
    store.put = lambda _: (413, b"<html>")
    events, reason = written(python, tmp_path, store, broker)
    assert reason == ""
    assert events[-1] == "note\twhether PUT /one keeps what GET gave is not known: PUT /one gave 413 and no JSON"
