"""A handler reads a key of its data that the schema of its Route never lets through.

Why: The SDK answers 400 to data with a key that the schema does not have, unless the schema says `extra=ALLOW_EXTRA`.
So the key is never there: `message.data["x"]` fails with KeyError for every request, and `.get("x")` always gives its
default. Most often the name is different in one of the two places.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a PUT that the schema lets through came back with 500.

Bad:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import Schema

        MODE = Schema({"mode": str})


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example", schema=MODE)
            def put(self, message, response):
                return response(code=200, data={"mode": message.data["state"]})

Good:

    index.py
        from sanji.core import Route, Sanji
        from voluptuous import Schema

        MODE = Schema({"mode": str})


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example", schema=MODE)
            def put(self, message, response):
                return response(code=200, data={"mode": message.data.get("mode")})
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.keys import keys_read
from bundlekit.lint.facts.schemas import functions_with_schemas
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from bundlekit.source.shape import Shape


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    for function, schemas in functions_with_schemas(inspection, module):
        allowed = _keys(schemas)
        if allowed is None:
            continue
        for key, node in keys_read(function, f"{text_of(function.parameters[1])}.data"):
            if key not in allowed:
                shown = printable(key)[:60]
                message = f'the schema of its Route has no key "{shown}", so no request brings one'
                hint = f"use a key of the schema ({_listed(allowed)}), or add this one to the schema"
                yield Diagnostic(module.path, span_of(module.text, node), message, hint)


def _keys(schemas: list[Shape]) -> set[str] | None:
    """The keys that some schemas let through; None where there may be others."""
    from bundlekit.source.shape import OBJECT

    found: set[str] = set()
    for schema in schemas:
        branches = schema.of_kind(OBJECT)
        if not branches or any(not one.closed or one.keyed or not one.members for one in branches):
            return None
        found |= {member.name for one in branches for member in one.members}
    return found


def _listed(keys: set[str]) -> str:
    ordered = sorted(keys)
    return ", ".join(printable(key)[:30] for key in ordered[:5]) + (", ..." if len(ordered) > 5 else "")


RULE = Rule(code="BK340", name="key-outside-schema", severity=Severity.WARNING, page=__doc__, check=check)
