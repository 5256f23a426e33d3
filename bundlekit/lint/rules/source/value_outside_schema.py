"""A handler compares a key of its data with a value that the schema of its Route never lets through.

Why: The SDK answers 400 to data that does not fit the schema. So the key never has this value, and what the handler
does for it never runs. Most often the value is written differently in one of the two places.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a PUT of `{"mode": "off"}` was answered with `is_on` true.

Bad:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import In, Required, Schema

        MODE = Schema({Required("mode"): In(["auto", "off"])})


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example", schema=MODE)
            def put(self, message, response):
                return response(code=200, data={"is_on": message.data["mode"] != "Off"})

Good:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import In, Required, Schema

        MODE = Schema({Required("mode"): In(["auto", "off"])})


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example", schema=MODE)
            def put(self, message, response):
                return response(code=200, data={"is_on": message.data["mode"] != "off"})
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.keys import keys_read
from bundlekit.lint.facts.schemas import functions_with_schemas
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, comparison_parts, is_in
from bundlekit.source.modules import Module
from bundlekit.source.python_3_names import binds
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from bundlekit.source.shape import Shape

_EQUAL = frozenset({"!=", "==", "<>"})
_AMONG = frozenset({"in", "not in"})
_LISTS = frozenset({"list", "set", "tuple"})
_LITERALS = frozenset({"float", "integer", "string"})


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    for function, schemas in functions_with_schemas(inspection, module):
        for key, read in keys_read(function, f"{text_of(function.parameters[1])}.data"):
            shapes = [_member(schema, key) for schema in schemas]
            if None in shapes:
                continue
            for literal in _compared(module, function, read):
                if not any(_has(shape, literal, read) for shape in shapes if shape is not None):
                    value = printable(text_of(literal))[:60]
                    message = f'the schema of its Route never lets {value} through for "{printable(key)[:60]}"'
                    hint = "compare it with a value of the schema, or add this one to the schema"
                    yield Diagnostic(module.path, span_of(module.text, literal), message, hint)


def _member(schema: Shape, key: str) -> Shape | None:
    """The values of a key that pass a schema; None where a handler may see others, as after a conversion."""
    from bundlekit.source.shape import NO_DEFAULT, OBJECT
    from bundlekit.source.shape_check import mismatch

    found = None
    for branch in schema.of_kind(OBJECT):
        members = [one for one in branch.members if one.name == key]
        if len(members) != 1 or branch.keyed or not members[0].shape.same:
            return None
        shape, default = members[0].shape, members[0].default
        if default is not NO_DEFAULT and mismatch(shape, default):
            return None
        found = shape if found is None else found | shape
    return found


def _compared(module: Module, function: Function, read: Node) -> Iterator[Node]:
    """The literals that what is read is compared with, in its place or by the one name that it is given."""
    given = read.parent
    places = [read]
    if given is not None and given.type == "assignment" and given.child_by_field_name("right") == read:
        name = text_of(given.child_by_field_name("left"))
        spelled = [one for one in module.python.spelled.get(name, ()) if is_in(one, function.node)]
        if [binds(one) for one in spelled].count(True) == 1:
            places = spelled
    for place in places:
        around = place.parent
        if around is None or around.type != "comparison_operator":
            continue
        operators, sides = comparison_parts(around)
        if len(sides) != 2:
            continue
        left, right = sides
        if operators[0] in _EQUAL:
            others = [right if left == place else left]
        elif operators[0] in _AMONG and left == place and right.type in _LISTS:
            others = right.named_children
        else:
            continue
        yield from (one for one in others if one.type in _LITERALS)


def _has(shape: Shape, literal: Node, read: Node) -> bool:
    """Whether what is read can be equal to a literal; so it is where this cannot be seen."""
    from bundlekit.source.shape_check import mismatch

    value = _value(literal)
    if value is None:
        return True
    if read.type == "call" and len(arguments(read)[0]) > 1:
        default = arguments(read)[0][1]
        if default.type != "none" and _value(default) in (None, value):
            return True
    # True is 1 in Python
    return not mismatch(shape, value) or (value in (0, 1) and not mismatch(shape, bool(value)))


def _value(node: Node) -> str | float | None:
    """A number or plain text; None for everything else, such as the other numbers that Python 2 has."""
    try:
        value = ast.literal_eval(text_of(node)) if node.type in _LITERALS else None
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, int | float) or (isinstance(value, str) and value.isascii()) else None


RULE = Rule(code="BK342", name="value-outside-schema", severity=Severity.WARNING, page=__doc__, check=check)
