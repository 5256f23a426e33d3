"""Schemas of voluptuous are read to the letter: the voluptuous of the SDK itself judges, in both directions."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from bundlekit.source.shape_check import is_in
from tests.source.voluptuous_judge import contract_of, executed, is_whole_float, lets_through, values_for

# As bundles in the field have them: the parts first, then whole ones.
PIN = "Required('pin', default=''): Any(Match('^[0-9]{4,8}$'), '')"
EXACT = [
    "Schema(str)",
    "Schema(bool)",
    "Schema(int)",
    "Schema(dict)",
    "Schema(list)",
    "Schema(object)",
    "Schema(None)",
    "Schema('on')",
    "Schema(1)",
    "Schema(True)",
    "Schema({})",
    "Schema([])",
    "Schema([str])",
    "Schema([int, str])",
    "Schema([Any('a', 'b')])",
    "Schema([{Required('a'): int}])",
    "Schema({'a': int})",
    "Schema({'a': int, 'b': str}, required=True)",
    "Schema({'a': int, Optional('b'): str}, required=True)",
    "Schema({Required('a'): int, 'b': {'c': bool}})",
    "Schema({'a': {'b': {'c': int}}}, required=True)",
    "Schema({Required('a'): int}, extra=ALLOW_EXTRA)",
    "Schema({Required('a'): int}, extra=REMOVE_EXTRA)",
    "Schema({Required('a'): int}, False, True)",
    "Schema({Required('a', default=1): int, Optional('b', default='x'): str})",
    "Schema({Required('a', default=list): [int], Optional('b', default={}): dict})",
    "Schema({'a': Schema({'b': int}, required=True)})",
    "Schema({'a': {'b': int}, Extra: object})",
    "Schema({'a': int, Extra: str})",
    "Schema({str: int})",
    "Schema({Required(str): int})",
    "Schema({Optional('a'): str, str: int})",
    "Schema({int: str})",
    "Schema({Match(r'^a[0-9]+$'): int})",
    "Schema({'b': str, Match(r'^a[0-9]+$'): int})",
    "Schema({Any('a', 'b'): int})",
    "Schema({Required(Any('a', 'b')): int})",
    "Schema({In(['a', 'b']): int}, required=True)",
    "Schema({Remove('a'): int, 'b': str})",
    "Schema({Exclusive('a', 'g'): int, Exclusive('b', 'g'): str, 'c': bool})",
    "Schema({Inclusive('a', 'g'): int, Inclusive('b', 'g'): str, 'c': bool})",
    "Schema(Any(int, str))",
    "Schema(Any(None, str))",
    "Schema(Maybe(int))",
    "Schema(Any({'a': int}, {'b': str}))",
    "Schema(Any('auto', All(int, Range(min=1, max=5))))",
    "Schema(All(int, Range(min=1, max=65535)))",
    "Schema(All(int, Range(min=0)))",
    "Schema(All(int, Range(min=0, max=60, min_included=False, max_included=False)))",
    "Schema(All(int, Any(0, Range(min=60, max=86399))))",
    "Schema(All(str, Length(min=1, max=32)))",
    "Schema(All(str, Length(0, 3)))",
    "Schema(All([int], Length(min=1, max=2)))",
    "Schema(Length(max=2))",
    "Schema(In(['a', 'b', 1]))",
    "Schema(In({'a': 1, 'b': 2}))",
    "Schema(In(range(3)))",
    "Schema(NotIn(['a', 1, None]))",
    "Schema(All(str, NotIn(('a', 'b'))))",
    "Schema(All(str, In(['a', 'b'])))",
    "Schema(All(int, In([1, 2, 3])))",
    "Schema(Match('[0-9]{1,3}$'))",
    "Schema(Match('^a|b$'))",
    "Schema(Match(re.compile('^[ab]+$')))",
    "Schema(All(str, Match(r'^\\d{1,3}(\\.\\d{1,3}){3}$')))",
    "Schema(Any(Match('^[0-9]{4,8}$'), ''))",
    "Schema(Coerce(str))",
    "Schema(Coerce(bool))",
    "Schema(Coerce(int))",
    "Schema(Boolean())",
    "Schema(ExactSequence([int, str]))",
    "Schema(Equal('a'))",
    "Schema(Msg(int, 'a number'))",
    "Schema({'a': Msg(All(int, Range(1, 5)), 'one to five')})",
    "Schema(DefaultTo(5))",
    "Schema(type(None))",
    "Schema(All(Any(1, 2, 'a'), NotIn([2])))",
    "Schema({'a': int}).extend({'b': str})",
    "Schema({'a': {'x': int}}, required=True).extend({Optional('a'): {'y': str}}, extra=ALLOW_EXTRA)",
    "All({'a': int}, Length(min=1))",
    "Any(int, {'a': int})",
    "Schema({'enable': bool, 'port': All(int, Range(1, 65535)), 'host': All(str, Length(1, 255))}, required=True)",
    "Schema([{Required('name'): All(str, Length(1, 16)), Optional('level', default='info'): In(['info', 'error'])}])",
    "Schema({Required('server'): {Required('host'): str, Optional('port', default=80): int}, Optional('tags'): [str]})",
    "Schema({Required('dns'): [Any('', All(str, Length(0, 255)))], Required('enable'): bool}, extra=REMOVE_EXTRA)",
    f"Schema({{Required('name'): All(str, Length(1, 32)), Required('apn'): All(str, Length(max=100)), {PIN}}})",
    "Schema({'interval': All(int, Any(0, Range(min=60, max=86400 - 1))), 'unit': Any('s', 'min')}, required=True)",
    "Schema({'ip': Match(r'^(\\d{1,3}\\.){3}\\d{1,3}$'), Optional('mask', default='255.0.0.0'): str}, required=True)",
    "Schema({Required('rules'): All([{Required('id'): int, Required('on'): bool}], Length(max=4))}, extra=ALLOW_EXTRA)",
    "Schema({Required('mode'): In(('dhcp', 'static')), Optional('static'): {Required('ip'): str, 'via': Maybe(str)}})",
    "Schema({'serial': {'baud': In([9600, 19200, 115200]), 'parity': Any('none', 'odd', 'even'), 'stop': Any(1, 2)}})",
]
LOOSE = [  # read with fewer constraints than there are
    "Schema({Required('a', default='no number'): int})",
    "Schema({'abc': str, Match(r'^a'): int})",
    "Schema(float)",
    "Schema(All(Coerce(int), Range(min=1, max=65535)))",
    "Schema(All(Coerce(int), Range(min=0, max=5)))",
    "Schema(All(Coerce(float), Range(min=0.5, max=1.5)))",
    "Schema(Datetime())",
    "Schema(Date())",
    "Schema(Email())",
    "Schema(lambda value: value)",
]


def judged(schema: str, before: str = "") -> bool:
    """Compare what is read with what the schema does; give whether it was read to the letter."""
    shape = contract_of(schema, before).body
    ours, theirs = Draft202012Validator(shape.schema()), executed(schema, before)
    compared = {True: 0, False: 0}
    for value in values_for(shape):
        json.dumps(value)
        if is_whole_float(value):
            continue
        assert is_in(value, shape) == ours.is_valid(value), value
        taken = lets_through(theirs, value)
        compared[taken] += 1
        if taken:
            assert ours.is_valid(value), f"{schema} lets {value!r} through, and {shape.schema()} does not"
        elif shape.is_exact:
            assert not ours.is_valid(value), f"{schema} refuses {value!r}, and {shape.schema()} does not"
    assert compared[True] + compared[False] > 40
    return shape.is_exact


@pytest.mark.parametrize("schema", EXACT)
def test_schema_is_read_to_the_letter(schema: str) -> None:
    assert judged(schema)


@pytest.mark.parametrize("schema", LOOSE)
def test_schema_that_json_schema_cannot_say_refuses_nothing(schema: str) -> None:
    assert not judged(schema)


def test_nine_of_ten_schemas_are_read_to_the_letter() -> None:
    assert len(EXACT) >= 9 * len(LOOSE)


CONSTANTS = """
MODES = ["dhcp", "static"]
PORT = All(int, Range(min=1, max=2 ** 16 - 1))
BASE = {Required("mode"): In(MODES), "port": PORT}
"""
IN_CLASS = """
class Limits(object):
    HIGH = 5
    SCHEMA = Schema({"level": All(int, Range(max=HIGH))})
"""
WRITTEN = {
    "names of the module": (CONSTANTS, "Schema(BASE, required=True)", "Schema(BASE, required=True)"),
    "a dict with more": (CONSTANTS, "Schema(dict(BASE, name=str))", "Schema(dict(BASE, name=str))"),
    "a sum of lists": (CONSTANTS, "Schema(In(MODES + ['off']))", "Schema(In(MODES + ['off']))"),
    "a name of a class": (IN_CLASS, "Limits.SCHEMA", "Limits.SCHEMA"),
    "an item of a dict": ('S = {"put": Schema({"a": int})}', "S['put']", "S['put']"),
    "a module of voluptuous": (
        "import voluptuous as v",
        "v.Schema({v.Required('a'): v.Any(1, 2)})",
        "Schema({Required('a'): Any(1, 2)})",
    ),
    "another name": (
        "from voluptuous import All as Both",
        "Schema(Both(int, Range(max=5)))",
        "Schema(All(int, Range(max=5)))",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_schema_is_followed_to_where_it_is_written(name: str) -> None:
    before, schema, plain = WRITTEN[name]
    shape = contract_of(schema, before).body
    assert shape.is_exact
    assert shape == contract_of(plain, before).body
    assert not shape.says_nothing


def test_schema_of_a_module_of_the_bundle_is_followed() -> None:
    files = {
        "schemas/__init__.py": b"from schemas.parts import PUT\n",
        "schemas/parts.py": b"from voluptuous import Schema\n\nPUT = Schema({'a': int}, required=True)\n",
    }
    wanted = contract_of("Schema({'a': int}, required=True)").body
    for before, schema in (
        ("from schemas import PUT", "PUT"),
        ("import schemas", "schemas.PUT"),
        ("from schemas import parts", "parts.PUT"),
        ("import schemas.parts", "schemas.parts.PUT"),
        ("from schemas.parts import *", "PUT"),
    ):
        assert contract_of(schema, before, files).body == wanted, before


UNSEEN = {
    "a dict that is changed": ("S = {'a': int}\nS['b'] = str", "Schema(S)"),
    "a list that is changed": ("M = ['a']\nM.append('b')", "Schema(In(M))"),
    "a name that is given twice": ("S = Schema({'a': int})\nif True:\n    S = Schema({'b': int})", "S"),
    "a function of the bundle": ("def port(value):\n    return value", "Schema(port)"),
    "a schema that is made elsewhere": ("from elsewhere import make", "make()"),
    "a name of nobody": ("", "SCHEMA"),
    "a class of the bundle": ("class Schema(object):\n    pass", "Schema({'a': int})"),
    "a comprehension": ("", "Schema(dict((name, int) for name in ('a', 'b')))"),
    "a flag that is computed": ("import os", "Schema({'a': int}, extra=len(os.environ))"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_schema_that_cannot_be_seen_has_no_constraint(name: str) -> None:
    before, schema = UNSEEN[name]
    shape = contract_of(schema, before).body
    assert shape.says_nothing
    assert not shape.is_exact


def test_names_that_grow_without_end_are_given_up() -> None:
    lists = "".join(f"N{n} = [N{n + 1}, N{n + 1}, N{n + 1}]\n" for n in range(25)) + "N25 = [str]\n"
    assert contract_of("Schema(N0)", lists).body.kinds() == {"array"}
