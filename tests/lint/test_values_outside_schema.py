"""Comparisons with values that a schema never lets through, and those that only look so."""

from __future__ import annotations

import pytest

from tests.lint.bundles import bundle, found

MEMBERS = """{
    Required("mode"): In(["auto", "off"]), "level": All(int, Range(min=2, max=5)), "on": bool, "who": Any("u", None),
    "text": Coerce(str), Optional("by", default="b"): Any("a", "b"), Optional("odd", default="x"): Any("a", "b")}"""
INDEX = """from sanji.core import Route, Sanji
from voluptuous import *
def changed(data):
    return data
class Example(Sanji):
    @Route(methods="put", resource="/example", schema=Schema(SCHEMA))
    def put(self, message, response):
        data = message.data
        BODY
        return response(code=200)
"""


def values(body: str, schema: str = MEMBERS) -> list[str]:
    """What no schema lets through, of the values that a handler compares with."""
    text = INDEX.replace("SCHEMA", schema).replace("BODY", body)
    shown = bundle({"index.py": text}, resources=[{"methods": ["put"], "resource": "/example"}])
    messages = [one.message for one in found(shown) if one.code == "BK342"]
    return [one.partition(" never lets ")[2].partition(" through for ")[0] for one in messages]


@pytest.mark.parametrize(
    ("body", "outside"),
    [
        ("message.data['mode'] == 'Off'", ["'Off'"]),
        ("data.get('mode', 'z') != 'q'", ["'q'"]),
        ("data['mode'] in ('auto', 'on', u'x')", ["'on'", "u'x'"]),
        ("data['mode'] not in ['an', variable]", ["'an'"]),
        ("7 == data['level'] or data['level'] == 1 or data['level'] == 2.5", ["7", "1", "2.5"]),
        ("data['on'] == 2 or data['on'] == 'yes'", ["2", "'yes'"]),
        ("data.get('who') == 'v'", ["'v'"]),
        ("data['by'] == 'x'", ["'x'"]),
        ("mode = data['mode']\n        self.go(mode == 'on', mode == 'off')", ["'on'"]),
    ],
)
def test_value_outside_of_its_schema_is_found(body: str, outside: list[str]) -> None:
    assert values(body) == outside
    assert values(body, f"{MEMBERS}, extra=REMOVE_EXTRA") == outside


@pytest.mark.parametrize(
    "body",
    [
        "data['mode'] == 'off' or data['mode'] == u'auto'",
        "data.get('mode', 'z') == 'z'",
        "data.get('mode', \"z\") == 'z' or data.get('mode', u'z') == 'z'",
        "data.get('mode', fallback) == 'z'",
        "data['mode'] == variable or data['mode'] > 'x' or 'x' in data['mode']",
        "data['mode'] == 'a' == other",
        "data['level'] == 3 or data['level'] == 3.0 or data['level'] == 010 or data['level'] == 3L",
        "data['on'] == 1 or data['on'] == 0",
        "data['who'] is None or data['who'] == None",
        "data['text'] == 5",
        "data['odd'] == 'x'",
        "data['other'] == 'x'",
        "data['mode'] == 'caf\u00e9'",
        "mode = data['mode']\n        mode = 'on'\n        self.go(mode == 'on')",
        "mode = data['mode']\n        for mode in self.modes:\n            self.go(mode == 'on')",
        "data['mode'] = 'on'\n        self.go(data['mode'] == 'on')",
    ],
)
def test_value_that_may_come_is_not_found(body: str) -> None:
    assert values(body) == []


@pytest.mark.parametrize("schema", [f"All({MEMBERS}, changed)", 'All({"mode": Any("auto")}, changed)', "changed"])
def test_value_after_a_function_may_be_any(schema: str) -> None:
    assert values("data['mode'] == 'on'", schema) == []
