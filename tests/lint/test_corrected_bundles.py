"""Corrected bundles under Python 2.7, with the SDK as it is, beside an emulated gateway: they answer as they did, or as
was meant where they did not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import Choice, selection, selector
from tests.lint.bundles import MANIFEST, bundle
from tests.lint.python import Python
from tests.lint.test_evidence import Started, started

Asked = tuple[str, Any, int, Any]
"""A request, its body, and the code and the data of the answer."""


@dataclass(frozen=True)
class Scene:
    """A bundle with many faults at once.

    Attributes:
        files: of the bundle.
        rules: what is corrected in it; each of them finds something.
        answers: what it answers then.
        earlier: what it answered before; None if it never did.
        left: what is still found then.
        unsafe: whether corrections that are not safe are made.
    """

    files: dict[str, Any]
    rules: frozenset[str]
    answers: list[Asked]
    earlier: list[Asked] | None = None
    left: frozenset[str] = frozenset()
    unsafe: bool = False


# What works goes on in the same way: all of it are safe corrections of a bundle that runs.
_KEPT_MANIFEST = {
    "version": 2,
    "name": "example",
    "autor": "A",
    "email": "a@example.com",
    "description": "Keeps one value and gives it back",
    "license": "MIT License",
    "main": "app.py",
    "role": "model",
    "ttl": 60,
    "resources": [
        {"methods": ["GET", "putt", "get"], "resource": "/example"},
        {"methods": ["delete"], "resource": "/example"},
        {"methods": [], "resource": "/other"},
        {"resource": "/third", "methods": ["get"]},
    ],
}
_KEPT_INDEX = """from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji


class Example(Sanji):
    @Route(methods=["get", "put", "delete"], resource="/example")  # bundlekit: ignore[BK302] as it was
    def value(self, message, response):
        return response(code=200, data={"method": message.method})

    @Route(methods="get", resource="/other")
    def other(self, message, response):
        return response(code=203, data={})

    @Route(methods="get", resource="/third")
    def third(self, message, response):
        return response(code=200, data=[1])


Example(connection=Mqtt()).start()
"""
_KEPT_ANSWERS: list[Asked] = [
    ("GET /example", None, 200, {"method": "get"}),
    ("PUT /example", {}, 200, {"method": "put"}),
    ("DELETE /example", None, 200, {"method": "delete"}),
    ("GET /third", None, 200, [1]),
    ("GET /other", None, 203, {}),
]

# What never started, or failed, does what was meant.
_BROKEN_INDEX = """import os
import json

import pymodbus
from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator

LIMIT = 1_000


class Example(Sanji):
    def init(self):
        # caf\u00e9
        self.model = ModelInitiator("exampel", os.path.dirname(os.path.abspath(__file__)))

    def get_profile(self, role="model"):
        return dict(super().get_profile(role), firmware="2.6")

    def twice(self, number: int, times: int = 2) -> int:
        return number * times

    @Route(methods=["GET"], resource="/example")
    def start(self, message, response):
        try:
            number = json.loads("no number")
        except json.JSONDecodeError as error:
            number = self.twice(LIMIT)
        return response(code=200, data={"number": number, "now": time.time() > 5, "by": pymodbus.LIMIT})

    @Route(methods=["put"], resource="/example")
    def put(self, message, response):
        try:
            return response(code=200, data=int("x"))
        except ValueError as error:
            return response(code=400, data={"message": error})

    @Route(methods=["get"], resource="/rooms/:id")
    def room(self, message, response):
        if message.param["id"] == "1":
            return response(code=200, data=self.model.db)
        return response(code=404, data={})


if __name__ == "__main__":
    Example(connection=Mqtt()).start()
"""

# Corrections that have to be asked for, which change what is answered.
_MEANT_INDEX = """from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from voluptuous import Schema

VALUE = Schema({"value": int}, required=True)


class Example(Sanji):
    saved = 0

    @Route(methods="get", resource="/example")
    def value(self, message, response):
        data = {"asked": f"by {message.method}"}
        return response(code=200, data=dta)

    @Route(methods="put", resource="/example")
    def value(self, message, response, schema=VALUE):
        if message.data["value"] == 7:
            response(code=409, data={"message": "seven"})
        self.saved = message.data["value"]
        return response(code=200, data={"saved": self.saved})

    @Route(methods="get", resource="/rooms/:id")
    def room(self, message, response):
        if message.param["id"] == 1:
            return response(code=200, data={})
        return response(code=404, data={})

    @Route(methods="delete", resource="/example")
    def drop(self, message):
        return response(code=200, data={})


if __name__ == "__main__":
    Example(connection=Mqtt()).start()
"""

SCENES = {
    "what works": Scene(
        {"bundle.json": b"\xef\xbb\xbf" + json.dumps(_KEPT_MANIFEST).encode(), "index.py": _KEPT_INDEX},
        frozenset(
            {
                *("byte-order-mark", "fields-out-of-order", "missing-reserved-field", "misspelled-field"),
                *("no-methods", "resource-declared-twice", "unguarded-start", "unknown-licence"),
                *("unknown-method", "unused-suppression", "upper-case-method", "wrong-main", "wrong-type"),
            }
        ),
        _KEPT_ANSWERS,
        _KEPT_ANSWERS,
        left=frozenset({"not-semantic-version"}),
    ),
    "what was broken": Scene(
        {
            "bundle.json": json.dumps({**MANIFEST, "hook": [""], "resources": 0}, indent=2).replace(
                '"resources": 0',
                '"resources": [{"methods": ["get", "put"], "resource": "/api/v1/example"},'
                ' {"methods": ["get"], "resource": "rooms/:id"},]',
            ),
            "index.py": _BROKEN_INDEX,
            "vendor.lock": "{}",
            "vendor/pymodbus.py": "LIMIT = 5\n",
        },
        frozenset(
            {
                *("bad-hook", "exception-as-data", "missing-coding-line", "not-json"),
                *("python-3-call", "python-3-name", "python-3-syntax", "resource-with-prefix", "taken-handler-name"),
                *("resource-without-slash", "undefined-name", "unknown-handler-method", "vendor-not-on-path"),
                *("wrong-init-signature", "wrong-model-name"),
            }
        ),
        [
            ("GET /example", None, 200, {"number": 2000, "now": True, "by": 5}),
            ("PUT /example", {}, 400, {"message": "invalid literal for int() with base 10: 'x'"}),
            ("GET /rooms/1", None, 200, {"key": "value"}),
            ("GET /rooms/2", None, 404, {}),
        ],
    ),
    "what was meant": Scene(
        {
            "bundle.json": json.dumps({**MANIFEST, "role": "modle", "ttl": -1, "version": "1.0", "resources": []}),
            "index.py": _MEANT_INDEX,
        },
        frozenset(
            {
                *("no-resources", "not-semantic-version", "overwritten-handler", "python-3-syntax"),
                *(
                    "param-compared-with-number",
                    "repeated-answer",
                    "schema-in-signature",
                    "ttl-not-positive",
                    "undefined-name",
                    "wrong-role",
                ),
                "wrong-handler-signature",
            }
        ),
        [
            ("GET /example", None, 200, {"asked": "by get"}),
            ("PUT /example", {"value": 7}, 409, {"message": "seven"}),
            ("PUT /example", {"value": 8}, 200, {"saved": 8}),
            ("DELETE /example", None, 200, {}),
            ("GET /rooms/1", None, 200, {}),
            ("GET /rooms/2", None, 404, {}),
        ],
        unsafe=True,
    ),
}


@contextmanager
def runs(checked: Bundle, python: Python, folder: Path) -> Iterator[Started]:
    (folder / "state").mkdir(parents=True)
    with started(checked, python, folder / "state", folder) as one:
        one.wait_until_registered()
        yield one


def answers(one: Started, asked: list[Asked]) -> list[Asked]:
    return [(request, body, *one.asked(request, body)) for request, body, *_ in asked]


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_corrected_bundle_answers_as_it_did_or_as_was_meant(scene: Scene, python: Python, tmp_path: Path) -> None:
    checked = bundle(scene.files)
    if scene.earlier is not None:
        with runs(checked, python, tmp_path / "before") as one:
            assert answers(one, scene.earlier) == scene.earlier
    fixed = fix(checked, selection(), unsafe=scene.unsafe)
    assert {one.rule for one in check(fixed.bundle)} == scene.left
    for rule in scene.rules:
        others = selection(Choice(ignore=(selector(rule),)))
        assert rule in {one.rule for one in check(fix(checked, others, unsafe=scene.unsafe).bundle)}
    with runs(fixed.bundle, python, tmp_path / "after") as one:
        assert answers(one, scene.answers) == scene.answers
