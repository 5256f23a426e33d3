# ruff: noqa: E501 - a case is read best on one line
"""What is read from handlers holds: no request that a handler answers well is outside of it."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.rules.source.key_outside_schema import RULE as KEY_OUTSIDE_SCHEMA
from bundlekit.source.contracts import Contracts, Origin
from bundlekit.source.routes import find_routes
from tests.lint.bundles import bundle
from tests.source.voluptuous_judge import PLAIN, voluptuous

HEAD = "from sanji.core import Route, Sanji\nfrom voluptuous import *\n\nMODES = ('auto', 'off')\nCONF = Schema({'a': int})\n"
ROUTE = '\n\nclass Example(Sanji):\n    @Route(methods="put", resource="/example")\n'
PUT = "def put(self, message, response):\n"


def of(body: str) -> Any:
    """The contract of a handler by its body."""
    content = f"{HEAD}{ROUTE}{textwrap.indent(PUT + textwrap.indent(textwrap.dedent(body), '    '), '    ')}".encode()
    return Contracts(bundle({"index.py": content}), find_routes(content)).of("put", "/example")


class _Message:
    def __init__(self, data: Any) -> None:
        self.data = data


def answers_well(body: str, data: Any) -> bool:
    """Whether a handler answers with a code below 300, and first of all."""
    names = dict(vars(voluptuous()))
    exec(
        HEAD.replace("from sanji.core import Route, Sanji\n", "")
        + PUT
        + textwrap.indent(textwrap.dedent(body), "    "),
        names,
    )
    codes = []

    def response(code: int = 200, data: Any = None) -> None:
        codes.append(code)

    try:
        names["put"](None, _Message(json.loads(json.dumps(data))), response)
    except Exception:
        codes.append(500)
    return codes[:1] < [300]


OK = "return response(data=message.data)\n"
REFUSE = "    return response(code=400, data={'message': 'no'})\n"
# body, and what the schema has to say at least
HANDLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a key that is used": ("return response(data=message.data['a'])", {"type": "object", "required": ["a"]}),
    "a key that is kept": ("value = message.data['a']\nreturn response(data={'a': value})", {"required": ["a"]}),
    "a key that is made a number": ("value = int(message.data['a'])\nreturn response()", {"required": ["a"]}),
    "a nested key": ("x = message.data['a']['b']\nreturn response()", {"required": ["a"]}),
    "get": ("mode = message.data.get('a')\nreturn response()", {"type": "object"}),
    "get with a default": (
        "mode = message.data.get('a', 'auto')\nif mode not in MODES:\n" + REFUSE + OK,
        {"properties": {"a": {"enum": ["auto", "off"], "default": "auto"}}},
    ),
    "get that may not be missing": (f"if message.data.get('a') not in MODES:\n{REFUSE}{OK}", {"required": ["a"]}),
    "in": (f"if 'a' not in message.data:\n{REFUSE}{OK}", {"required": ["a"]}),
    "in, and a type": (
        f"if 'a' not in message.data or not isinstance(message.data['a'], bool):\n{REFUSE}{OK}",
        {"required": ["a"], "properties": {"a": {"type": "boolean"}}},
    ),
    "a type where it is there": (
        f"data = message.data\nif 'a' in data and not isinstance(data['a'], int):\n{REFUSE}{OK}",
        {"properties": {"a": {"type": ["integer", "boolean"]}}},
    ),
    "isinstance": (f"if not isinstance(message.data, dict):\n{REFUSE}{OK}", {"type": "object"}),
    "two types": (f"if not isinstance(message.data['a'], (str, list)):\n{REFUSE}{OK}", {"type": "object"}),
    "a range": (
        f"level = message.data['a']\nif not 1 <= level <= 5:\n{REFUSE}{OK}",
        {"required": ["a"]},
    ),
    "a limit": (f"if message.data['a'] > 60:\n{REFUSE}{OK}", {"required": ["a"]}),
    "something": (f"if not message.data.get('a'):\n{REFUSE}{OK}", {"required": ["a"]}),
    "a length": (f"if len(message.data['a']) > 2:\n{REFUSE}{OK}", {"required": ["a"]}),
    "not a value": (f"if message.data['a'] == 1:\n{REFUSE}{OK}", {"required": ["a"]}),
    "None": (f"if message.data.get('a') is None:\n{REFUSE}{OK}", {"required": ["a"]}),
    "a try": (
        f"try:\n    a = int(message.data['a'])\nexcept (KeyError, TypeError, ValueError):\n{REFUSE}{OK}",
        {"required": ["a"]},
    ),
    "a schema": ("data = CONF(message.data)\nreturn response(data=data)", {"additionalProperties": False}),
    "a schema in a try": (f"try:\n    CONF(message.data)\nexcept Exception:\n{REFUSE}{OK}", {"type": "object"}),
    "with": (
        "with self.lock if self else open('/dev/null'):\n    a = message.data['a']\nreturn response()",
        {"required": ["a"]},
    ),
}
# Bodies that ask nothing of what is named here on every way.
NOTHING = {
    "a branch": "if message.data:\n    x = message.data['a']\nreturn response()",
    "a try that goes on": "try:\n    x = message.data['a']\nexcept Exception:\n    x = 1\nreturn response()",
    "an answer before": "if not message.data:\n    return response()\nx = message.data['a']\nreturn response()",
    "an answer first": "response()\nreturn message.data['a']",
    "a default that is set": "message.data = {'a': 1}\nreturn response(data=message.data['a'])",
    "an item that is set": "d = message.data\nd['a'] = 1\nreturn response(data=d['a'])",
    "setdefault": "message.data.setdefault('a', 1)\nreturn response(data=message.data['a'])",
    "a function that may": "def fill(d):\n    d['a'] = 1\nfill(message.data)\nreturn response(data=message.data['a'])",
    "a loop": "for one in []:\n    x = message.data['a']\nreturn response()",
    "a lambda": "f = lambda: message.data['a']\nreturn response()",
    "or": "x = True or message.data['a']\nreturn response()",
    "one or the other": "x = message.data['a'] if False else 1\nreturn response()",
    "a refusal below 400": "if 'a' not in message.data:\n    return response(code=200)\nreturn response()",
    "both must be wrong": f"if not isinstance(message.data, dict) and not isinstance(message.data, list):\n{REFUSE}{OK}",
    "a name that is given again": "d = message.data\nd = {'a': 1}\nreturn response(data=d['a'])",
    "a comprehension": "x = [one for one in [] if message.data['a']]\nreturn response()",
    "else": f"if message.data == 1:\n{REFUSE}elif message.data == 2:\n    return response()\nx = message.data['a']\n{OK}",
}


def values() -> list[Any]:
    return [
        *PLAIN,
        *({"a": one} for one in PLAIN),
        *({"a": one, "b": 1} for one in PLAIN),
        {"a": {"b": 2}},
        {"a": "auto"},
    ]


@pytest.mark.parametrize("name", [*HANDLERS, *NOTHING])
def test_contract_has_whatever_a_handler_answers_well(name: str) -> None:
    body, _ = HANDLERS.get(name, (NOTHING.get(name, ""), {}))
    shape = of(body).body
    judge = Draft202012Validator(shape.schema())
    taken = [value for value in values() if answers_well(body, value)]
    assert taken
    assert [value for value in taken if not judge.is_valid(value)] == []
    assert not shape.is_exact


@pytest.mark.parametrize("name", HANDLERS)
def test_contract_says_what_a_handler_asks(name: str) -> None:
    body, least = HANDLERS[name]
    contract = of(body)
    schema = contract.body.schema()
    assert contract.origin is Origin.HANDLER
    assert {key: schema.get(key) for key in least} == least
    refused = [value for value in values() if not Draft202012Validator(schema).is_valid(value)]
    assert refused


ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing to be seen": ("return response(data=self.model.db)", {}),
    "a dict": (
        "return response(data={'a': 1, 'b': 'x', 'c': [True], 'd': self.x})",
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": "string"},
                "c": {"type": "array", "items": {"type": "boolean"}},
                "d": {},
            },
            "required": ["a", "b", "c", "d"],
        },
    ),
    "a refusal is none": ("if self.x:\n    return response(code=404, data='x')\nreturn response(data=1)", {"type": "integer"}),
    "two": ("if self.x:\n    return response(data='x')\nreturn response(data=1)", {"type": ["string", "integer"]}),
    "a code that is computed": ("return response(code=self.x, data=1)", {"type": "integer"}),
    "something else may answer": ("self.answer(response)\nreturn response(data=1)", {}),
    "a name": ("found = {'a': 1}\nreturn response(data=found)", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
    "a name that is filled": ("found = {'a': 1}\nfound['b'] = 2\nfound.pop('a')\nreturn response(data=found)", {"type": "object"}),
    "no data": ("return response()", {"type": "null"}),
    "a computed key": ("return response(data={'a': 1, self.x: 2})", {"type": "object"}),
    "text": ("return response(data='%s' % self.x)", {"type": "string"}),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_is_what_the_handler_gives(name: str) -> None:
    body, schema = ANSWERS[name]
    assert of(body).answer.schema() == schema


def test_bundle_without_a_schema_is_checked_without_contracts() -> None:
    body = "return response(data=message.data['a'])  # its schema: none\n"
    content = f"{HEAD}{ROUTE}{textwrap.indent(PUT + textwrap.indent(body, '    '), '    ')}"
    with_schema = content.replace('"/example")', '"/example", schema=Schema({"b": int}))')
    for text, found in ((content, 0), (with_schema, 1)):
        inspection = Inspection(bundle({"index.py": text}))
        assert len(list(KEY_OUTSIDE_SCHEMA.check(inspection))) == found
        assert ("contracts" in vars(inspection)) == bool(found)
