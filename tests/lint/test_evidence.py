"""What the pages of the rules say was seen, seen again: their bad examples under Python 2.7, with the SDK as it is.

The bundles run beside an emulated gateway. Their ttl is made short where the example is not about it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.controller import Controller
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.threaded import Loop
from bundlekit.lint.page import page_of
from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from tests.emulator.sides import wait_until
from tests.lint.bundles import bundle, codes
from tests.lint.examples import bundle_of
from tests.lint.python import Python

RULES = {rule.name: rule for rule in rules()}
NOBODY = SocketAddress("127.0.0.1", 1)

# The SDK without its random wait of up to five seconds, and with its log where the test reads it.
# It says that it is registered when its subscription is on its way; a request that is faster would be lost.
CUSTOM = """
import logging
import sys
import threading
import sanji.connection.mqtt
import sanji.core
sanji.core.random = lambda: 0
set_tunnel = sanji.connection.mqtt.Mqtt.set_tunnel
def set_tunnel_and_wait(self, role, *details):
    confirmed = threading.Event()
    if role in ("model", "view"):
        self.client.on_subscribe = lambda *_: confirmed.set()
    set_tunnel(self, role, *details)
    if role in ("model", "view"):
        confirmed.wait(10)
sanji.connection.mqtt.Mqtt.set_tunnel = set_tunnel_and_wait
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
"""
REGISTERED = re.compile("^Register successfully|no need to register", re.MULTILINE)  # once for each half of a bundle

# rule, and how the start of its bad example ends
ENDS = {
    "missing-manifest": "BundleConfigError: (\"Can't load file",
    "missing-main": "can't open file 'index.py'",
    "not-json": "Expecting property name enclosed in double quotes",
    "not-utf8": "'utf8' codec can't decode byte 0xe9",
    "repeated-param": "redefinition of group name 'id'",
    "unknown-handler-method": "AttributeError: 'Route' object has no attribute 'GET'",
    "syntax-error": "SyntaxError: invalid syntax",
    "python-3-syntax": "SyntaxError: invalid syntax",
    "missing-coding-line": "Non-ASCII character '\\xc2'",
    "missing-module": "ImportError: No module named configparser",
    "requirement-not-installed": "ImportError: No module named requests",
    "wrong-init-signature": "TypeError: init() got an unexpected keyword argument 'connection'",
    "wrong-model-name": "RuntimeError: No *.json.factory file",
    "missing-factory": "RuntimeError: No *.json.factory file",
    "misnamed-factory": "RuntimeError: No *.json.factory file",
}

# rule, and what is in the log of its bad example, which runs on and gets no request
UNREGISTERED = {
    "missing-field": "KeyError: 'role'",
    "wrong-role": "example-model no need to register due to no resources",
    "no-resources": "example no need to register due to no resources",
    "empty-description": "Register failed.",
    "unregistrable-name": "Register failed.",
    "bad-hook": "Register failed.",
    "endless-init": "Custom init start",
    "python-3-call": "TypeError: super() takes at least 1 argument",
}

# rule, and how its bad example answers
ANSWERS = {
    "bad-name": [("GET /example", 200)],
    "bad-version": [("GET /example", 200)],
    "wrong-main": [("GET /example", 200)],
    "misspelled-field": [("GET /example", 200)],
    "unknown-field": [("GET /example", 200)],
    "reserved-field-used": [("GET /example", 200)],
    "hook-without-target": [("GET /example", 200)],
    "repeated-method": [("GET /example", 200)],
    "resource-declared-twice": [("GET /rooms/1", 200), ("PUT /rooms/1", 200)],
    "resource-without-slash": [("GET /example", 403)],
    "resource-with-prefix": [("GET /example", 403), ("GET /api/v1/example", 200)],
    "trailing-slash": [("GET /example", 403), ("GET /example/", 200)],
    "empty-segment": [("GET /example/status", 403), ("GET /example//status", 200)],
    "bad-character": [("GET /living%20room", 403)],
    "bad-param": [("GET /rooms/7", 403), ("GET /rooms/7-id", 403)],
    "wildcard-resource": [("GET /rooms/7", 404), ("GET /example", 200)],
    "route-without-handler": [("GET /example", 200), ("PUT /example", 404)],
    "undeclared-resource": [("GET /example", 200), ("GET /exampel/status", 403)],
    "undeclared-method": [("DELETE /example", 200)],
    "overwritten-handler": [("GET /example", 404), ("PUT /example", 200)],
    "python-3-name": [("GET /example", 500)],
    "undefined-name": [("GET /example", 200), ("PUT /example", 500)],
    "stacked-routes": [("GET /example", 408), ("PUT /example", 404)],
    "wrong-handler-signature": [("GET /example", 408)],
    "handler-without-answer": [("GET /example", 200), ("PUT /example", 408)],
    "key-outside-schema": [("GET /example", 200), ("PUT /example", 500)],
    "key-without-factory-setting": [("GET /example", 500), ("PUT /example", 200)],
}

# rule, and requests with their bodies, and what its bad example answers to them
SAYS: dict[str, list[tuple[str, object, int, object]]] = {
    "value-outside-schema": [("PUT /example", {"mode": "off"}, 200, {"is_on": True})],
    "schema-in-signature": [("PUT /example", {"value": "x"}, 200, {"value": "x"})],
    "request-in-shell-command": [("PUT /example", {"host": "x; id -u"}, 200, {"output": f"x\n{os.getuid()}\n"})],
    "repeated-answer": [
        ("PUT /example", {}, 400, {"message": "value is missing"}),
        ("GET /example", None, 200, {"value": None}),
    ],
    "param-compared-with-number": [("GET /rooms/1", None, 404, {"message": "there is no such room"})],
    "request-to-itself": [("PUT /example", {}, 200, {"code": 423})],
}

KEEPER = """
import os
import threading

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator


class Example(Sanji):
    def init(self, *args, **kwargs):
        self.model = ModelInitiator("example", os.path.dirname(os.path.abspath(__file__)))

    @Route(methods="get", resource="/example")
    def get(self, message, response):
        return response(code=200, data=self.model.db)

    @Route(methods="put", resource="/example")
    def put(self, message, response):
        HANDLE


if __name__ == "__main__":
    Example(connection=Mqtt()).start()
"""

LISTENER = """
from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji


class Example(Sanji):
    @Route(methods="get", resource="/example")
    def get(self, message, response):
        return response(code=200, data={})

    @Route(resource="/listened")
    def listen(self, message):
        pass


if __name__ == "__main__":
    Example(connection=Mqtt()).start()
"""


def write(shown: Bundle, folder: Path) -> None:
    """The bundle on the disk, with a ttl of two seconds in place of 60: of one second nothing may be left."""
    for path in shown.files.entries:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        content = shown.files.read(path)
        file.write_bytes(content.replace(b'"ttl": 60', b'"ttl": 2') if path == "bundle.json" else content)


@dataclass(frozen=True)
class Started:
    """A bundle that was started, and the gateway beside it."""

    process: subprocess.Popen[bytes]
    log: Path
    gateway: EmulatedGateway

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_registered(self) -> None:
        wait_until(lambda: len(REGISTERED.findall(self.said())) == 2 or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()

    def asked(self, request: str, body: object = None) -> tuple[int, object]:
        method, path = request.split()
        asking = urllib.request.Request(
            f"{self.gateway.http_url}/api/v1{path}",
            method=method,
            headers={"mx-api-token": self.gateway.token, "Content-Type": "application/json"},
            data=json.dumps({} if body is None else body).encode() if method in ("PUT", "POST") else None,
        )
        try:
            with urllib.request.urlopen(asking, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a gateway keeps; each test starts one anew, since bundles that are killed stay registered."""
    return tmp_path_factory.mktemp("state")


@contextmanager
def started(shown: Bundle, python: Python, state: Path, folder: Path) -> Iterator[Started]:
    write(shown, folder / "bundle")
    (folder / "custom").mkdir()
    (folder / "custom" / "sitecustomize.py").write_text(CUSTOM)
    gateway = EmulatedGateway(state, http=SocketAddress("127.0.0.1", 0))
    with Loop() as loop:
        loop.run(gateway.start())
        try:
            with running(gateway, python, folder) as one:
                yield one
        finally:
            loop.run(gateway.stop())


@contextmanager
def running(gateway: EmulatedGateway, python: Python, folder: Path) -> Iterator[Started]:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [python.program, "-B", "-u", "index.py"],
            cwd=folder / "bundle",
            env=environment(folder, python, gateway.broker),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield Started(process, log, gateway)
    finally:
        process.kill()
        process.wait()


def environment(folder: Path, python: Python, broker: SocketAddress = NOBODY) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PYTHONPATH": f"{folder / 'custom'}{os.pathsep}{python.sdk}",
        "BROKER_PORT_1883_TCP_ADDR": broker.host,
        "BROKER_PORT_1883_TCP_PORT": str(broker.port),
    }


def run_2(python: Python, folder: Path, *arguments: str, code: int) -> str:
    """What Python 2.7 prints in a folder until it ends."""
    done = subprocess.run(
        [python.program, "-B", *arguments],
        cwd=folder,
        env=environment(folder, python),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def bad_example(rule: Rule) -> Bundle:
    """The rule's bad example, which the rule finds something in."""
    shown = bundle_of(page_of(rule).bad)
    assert rule.name in codes(shown)
    return shown


@pytest.mark.parametrize("name", ENDS)
def test_start_of_the_bad_example_ends(name: str, python: Python, tmp_path: Path) -> None:
    write(bad_example(RULES[name]), tmp_path)
    assert ENDS[name] in run_2(python, tmp_path, "index.py", code=1 if name != "missing-main" else 2)


# what a handler is for, the rule that tells, and how the start ends
HANDLERS = [
    ('resource="/example", methods=u"get"', "unknown-handler-method", "'Route' object has no attribute 'g'"),
    ('resource="/example/:1"', "bad-param", "bad character in group name '1'"),
    ('resource="/example/:querystring"', "bad-param", "redefinition of group name 'querystring'"),
    ('resource="/example/a(b"', "bad-character", "unbalanced parenthesis"),
]


@pytest.mark.parametrize(("route", "rule", "says"), HANDLERS, ids=[route for route, _, _ in HANDLERS])
def test_start_ends_for_a_handler(route: str, rule: str, says: str, python: Python, tmp_path: Path) -> None:
    index = KEEPER.replace('methods="put", resource="/example"', route).replace("HANDLE", "return response(code=200)")
    path = route.split('"')[1]
    shown = bundle({"index.py": index}, resources=[{"methods": ["get", "put"], "resource": path}])
    assert rule in codes(shown)
    write(shown, tmp_path)
    assert says in run_2(python, tmp_path, "index.py", code=1)


@pytest.mark.parametrize("name", UNREGISTERED)
def test_bad_example_never_registers(name: str, python: Python, state: Path, tmp_path: Path) -> None:
    with started(bad_example(RULES[name]), python, state, tmp_path) as one:
        wait_until(lambda: UNREGISTERED[name] in one.said())
        assert one.asked("GET /example")[0] == 403
        assert one.process.poll() is None
        assert "Register successfully" not in one.said()


@pytest.mark.parametrize("name", ANSWERS)
def test_bad_example_answers(name: str, python: Python, state: Path, tmp_path: Path) -> None:
    with started(bad_example(RULES[name]), python, state, tmp_path) as one:
        one.wait_until_registered()
        assert [(request, one.asked(request)[0]) for request, _ in ANSWERS[name]] == ANSWERS[name]


@pytest.mark.parametrize("name", SAYS)
def test_bad_example_says(name: str, python: Python, state: Path, tmp_path: Path) -> None:
    with started(bad_example(RULES[name]), python, state, tmp_path) as one:
        one.wait_until_registered()
        for request, body, code, data in SAYS[name]:
            # What a handler does behind its answer may come later than the next request.
            wait_until(lambda: one.asked(request, body) == (code, data))  # noqa: B023


def test_good_example_applies_the_schema(python: Python, state: Path, tmp_path: Path) -> None:
    shown = bundle_of(page_of(RULES["schema-in-signature"]).good)
    with started(shown, python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("PUT /example", {"value": "x"})[0] == 400


def test_exception_as_data_is_answered_with_500(python: Python, state: Path, tmp_path: Path) -> None:
    with started(bad_example(RULES["exception-as-data"]), python, state, tmp_path) as one:
        one.wait_until_registered()
        code, data = one.asked("GET /example")
        assert (code, isinstance(data, dict) and data["message"]) == (500, "Internal Error.")
        assert "is not JSON serializable" in one.said()


def test_text_is_greater_than_a_number(python: Python, tmp_path: Path) -> None:
    assert run_2(python, tmp_path, "-c", "print('1' == 1, u'1' > 5, '1' > 5)", code=0) == "(False, True, True)\n"


def test_halves_of_a_long_name_are_one(python: Python, state: Path, tmp_path: Path) -> None:
    resources = [{"methods": ["get"], "resource": "/example"}, {"role": "view", "resource": "/listened"}]
    shown = bundle({"index.py": LISTENER, "data/example.json.factory": "{}"}, name="a" * 31, resources=resources)
    assert "unregistrable-name" in codes(shown)
    with started(shown, python, state, tmp_path) as one:
        wait_until(lambda: "Register failed." in one.said())
        wait_until(lambda: one.asked("GET /example")[0] == 403)
    shown = bundle({"index.py": LISTENER, "data/example.json.factory": "{}"}, name="a" * 30, resources=resources)
    assert "unregistrable-name" not in codes(shown)
    (tmp_path / "shorter").mkdir()
    with started(shown, python, state, tmp_path / "shorter") as one:
        one.wait_until_registered()
        assert one.asked("GET /example")[0] == 200


def test_second_answer_is_taken_for_that_of_another_bundle() -> None:
    controller = Controller(iter("12").__next__)
    for number, name in enumerate(("one", "two"), 1):
        data = {"name": name, "description": "d", "role": "model", "ttl": 9, "resources": ["/example"], "tunnel": name}
        asked = {"id": number, "method": "post", "resource": "/controller/registration", "tunnel": name, "data": data}
        controller.feed("/controller", json.dumps(asked).encode(), 0)
    request = {"id": 7, "method": "put", "resource": "/example", "tunnel": "client"}
    assert len(controller.feed("/controller", json.dumps(request).encode(), 0)) == 2
    answer = json.dumps({"id": 7, "code": 200, "method": "put", "resource": "/example", "sign": ["one"]}).encode()
    assert controller.feed("/controller", answer, 1) == []
    assert [one.topic for one in controller.feed("/controller", answer, 1)] == ["client"]


def test_hook_without_target_is_told_of_nothing(python: Python, state: Path, tmp_path: Path) -> None:
    index = KEEPER.replace("HANDLE", 'print("handled"); return response(code=200)')
    shown = bundle({"index.py": index}, hook=["example", "/example"])
    assert codes(shown).count("hook-without-target") == 2
    with started(shown, python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("PUT /example", {})[0] == one.asked("GET /example")[0] == 200
        assert one.said().count("handled") == 1


def test_sound_bundle_answers(python: Python, state: Path, tmp_path: Path) -> None:
    with started(bundle(), python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("GET /example")[0] == one.asked("PUT /example", {})[0] == 200


# contents of a factory file, and what becomes of them: the settings, and what save_db returns
SETTINGS = {
    b'{"key": "value"}': ({"key": "value"}, True),
    b'\xef\xbb\xbf{"key": "value"}': ({"key": "value"}, True),
    b'{"interval": 5, "interval": 10}': ({"interval": 10}, True),
    b'"value"': ("value", False),
    b'{"key": "value",}': (None, False),
    b'{"key": "Temp\xe9rature"}': (None, False),
    b"[" * 500 + b"]" * 500: (None, False),
}

INITIATE = """
import json, os, sys
from sanji.model_initiator import ModelInitiator
found = []
for name in sorted(os.listdir("data")):
    model = ModelInitiator(name.split(".")[0], ".")
    found.append([model.db, model.save_db()])
print(json.dumps(found))
"""


def test_settings_are_what_the_factory_file_makes_of_them(python: Python, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number, content in enumerate(SETTINGS):
        (tmp_path / "data" / f"{number}.json.factory").write_bytes(content)
    assert json.loads(run_2(python, tmp_path, "-c", INITIATE, code=0)) == [list(made) for made in SETTINGS.values()]


def test_ttl_of_zero_counts_as_one_second(python: Python, state: Path, tmp_path: Path) -> None:
    shown = bad_example(RULES["ttl-not-positive"])
    with started(shown, python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.gateway.controller.components["example"].ticks == 1


def test_change_that_is_not_saved_is_gone_after_the_next_start(python: Python, state: Path, tmp_path: Path) -> None:
    handle = 'self.model.db["key"] = message.data["key"]; return response(code=200)'
    shown = bundle({"index.py": KEEPER.replace("HANDLE", handle)})
    assert "unsaved-model" in codes(shown)
    with started(shown, python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("PUT /example", {"key": "new"})[0] == 200
        assert one.asked("GET /example") == (200, {"key": "new"})
        one.process.kill()
        with running(one.gateway, python, tmp_path) as again:
            again.wait_until_registered()
            assert again.asked("GET /example") == (200, {"key": "value"})


def test_two_bundles_with_one_resource_are_both_asked(python: Python, state: Path, tmp_path: Path) -> None:
    """What becomes of their answers is the controller's doing, and was seen with the original one."""
    index = KEEPER.replace("HANDLE", "return response()").replace(
        "return response(code", "print('asked'); return response(code"
    )
    index = index.replace('ModelInitiator("example"', 'ModelInitiator(self.bundle.profile["name"]')
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with started(bundle({"index.py": index}), python, state, tmp_path / "a") as one:
        one.wait_until_registered()
        write(bundle({"index.py": index}, name="other"), tmp_path / "b" / "bundle")
        (tmp_path / "b" / "custom").symlink_to(tmp_path / "a" / "custom")
        with running(one.gateway, python, tmp_path / "b") as two:
            two.wait_until_registered()
            assert two.asked("GET /example")[0] == 200
            wait_until(lambda: "asked" in one.said() and "asked" in two.said())


def test_settings_of_another_machine_go_before_the_factory_file(python: Python, state: Path, tmp_path: Path) -> None:
    files = {"index.py": KEEPER.replace("HANDLE", "return response(code=200)"), "data/example.json": '{"key": "mine"}'}
    with started(bundle({**files}), python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("GET /example") == (200, {"key": "mine"})


def test_three_requests_that_wait_hold_up_all_others(python: Python, state: Path, tmp_path: Path) -> None:
    shown = bundle({"index.py": KEEPER.replace("HANDLE", "threading.Event().wait()")})
    with started(shown, python, state, tmp_path) as one:
        one.wait_until_registered()
        assert one.asked("GET /example")[0] == 200
        # One after the other: while the controller waits for one, it refuses the others with 423.
        assert [one.asked("PUT /example", {})[0] for _ in range(3)] == [408] * 3
        assert one.asked("GET /example")[0] == 408


# names of handlers, and what requests for them come back with; with start, the program ends
TAKEN = {"register": 403, "get_profile": 403, "on_connect": 403, "publish": 404, "router": 404, "bundle": 404}


@pytest.mark.parametrize("name", TAKEN)
def test_handler_with_a_name_of_the_sdk_is_not_called(name: str, python: Python, state: Path, tmp_path: Path) -> None:
    index = KEEPER.replace("def get(", f"def {name}(").replace("HANDLE", "return response(code=200)")
    shown = bundle({"index.py": index})
    assert "taken-handler-name" in codes(shown)
    with started(shown, python, state, tmp_path) as one:
        if TAKEN[name] == 404:
            one.wait_until_registered()
            assert one.asked("PUT /example", {})[0] == 200
        else:
            wait_until(lambda: "Custom init finish" in one.said())
        assert one.asked("GET /example")[0] == TAKEN[name]


@pytest.mark.parametrize("name", ["taken-handler-name", "missing-start", "missing-bundle-class"])
def test_bad_example_ends_as_if_all_were_well(name: str, python: Python, tmp_path: Path) -> None:
    write(bad_example(RULES[name]), tmp_path)
    assert "Register successfully" not in run_2(python, tmp_path, "index.py", code=0)
