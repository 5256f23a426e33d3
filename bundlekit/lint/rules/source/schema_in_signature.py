"""A handler has the schema of its data as a parameter, where the SDK does not use it.

Why: The SDK applies the schema that `@Route(schema=...)` is given, before it calls the handler with self, message and
response. A fourth parameter keeps its default, so that a schema there checks nothing: data of any form gets in, and is
saved. Nothing is reported if the handler uses the parameter.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a PUT with a text where the schema wants a number came back with 200,
and with 400 once the schema was the Route's.

Fix (unsafe): gives the schema to the Route and removes the parameter. Requests that are accepted today may be refused
then.

Bad:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import Schema

        VALUE = Schema({"value": int}, required=True)


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def put(self, message, response, schema=VALUE):
                return response(code=200, data=message.data)

Good:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import Schema

        VALUE = Schema({"value": int}, required=True)


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example", schema=VALUE)
            def put(self, message, response):
                return response(code=200, data=message.data)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import cut, with_argument
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SCHEMA = re.compile("schema", re.IGNORECASE)
_NOTHING = frozenset({"none", "true", "false", "integer", "string"})


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b"schema" not in module.content.lower():
        return
    for function, _ in inspection.answering:
        for parameter in function.parameters[3:]:
            name, value = parameter.child_by_field_name("name"), parameter.child_by_field_name("value")
            if (
                parameter.type == "default_parameter"
                and value is not None
                and value.type not in _NOTHING
                and (_SCHEMA.fullmatch(text_of(name)) or _makes_schema(module, value))
                and not _is_used(function, text_of(name))
                and not _has_schema(function)
            ):
                written = f"{printable(text_of(name))[:60]}={printable(text_of(value))[:60]}"
                message = f"{written} is never applied here: the SDK applies the schema of the Route"
                hint = f"write @Route(..., schema={printable(text_of(value))[:60]}) and take it out of the parameters"
                correction = _correction(module, function, parameter, value)
                yield Diagnostic(module.path, span_of(module.text, parameter), message, hint, correction=correction)


def _correction(module: Module, function: Function, parameter: Node, value: Node) -> Correction | None:
    """The schema is the Route's, and no parameter any more."""
    around = function.node.parent
    decorators = around.named_children if around is not None and around.type == "decorated_definition" else []
    calls = [one.named_children[0] for one in decorators if one.type == "decorator" and one.named_children]
    if len(calls) != 1 or calls[0].type != "call" or arguments(calls[0])[2] or "\n" in text_of(value):
        return None
    given = with_argument(module, calls[0], f"schema={text_of(value)}")
    before = function.parameters[function.parameters.index(parameter) - 1]
    return (
        unsafe_fix("Give the schema to the Route", [*given, cut(module, before.end_byte, parameter.end_byte)])
        if given
        else None
    )


def _makes_schema(module: Module, value: Node) -> bool:
    """Whether a default is a voluptuous Schema, made there or under a name of the module."""
    bound = module.python.module.bindings.get(text_of(value), []) if value.type == "identifier" else [value]
    made = bound[0] if len(bound) == 1 else None
    return made is not None and made.type == "call" and text_of(made.child_by_field_name("function")).endswith("Schema")


def _is_used(function: Function, name: str) -> bool:
    body = text_of(function.node.child_by_field_name("body"))
    return re.search(rf"(?<![\w.]){re.escape(name)}\b(?!\s*=[^=])|\blocals\(", body) is not None


def _has_schema(function: Function) -> bool:
    around = function.node.parent
    decorators = around.named_children if around is not None and around.type == "decorated_definition" else []
    return any(_SCHEMA.search(text_of(one)) for one in decorators if one.type == "decorator")


RULE = Rule(code="BK333", name="schema-in-signature", severity=Severity.WARNING, page=__doc__, check=check)
