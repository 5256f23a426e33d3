"""A method is written in upper case.

Why: The vendor's guide spells methods in lower case: get, put, post and delete, and programs that read them look for
those. A `@Route` with one in upper case keeps the SDK from starting the bundle.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a `@Route` with `GET` ends the start with `AttributeError: 'Route'
object has no attribute 'GET'`. A bundle with upper case only in bundle.json works: the gateway does not read `methods`.

Fix (safe): writes the method in lower case, or removes it if it is also there in lower case.

Bad:

    bundle.json
        "resources": [{"methods": ["GET", "PUT"], "resource": "/example"}]

Good:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.document import parts_of
from bundlekit.lint.edits import removed, rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import resource_called
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Edit, Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    method = error.value
    if isinstance(method, str) and method.lower() in error.expected:
        where = resource_called(inspection, error.pointer)
        message = f"method {quoted(method)} of {where} is in upper case, expected {quoted(method.lower())}"
        diagnostic = in_manifest(inspection, error.pointer, message, f'write "{method.lower()}"')
        edits = _edits(inspection, error.pointer, method)
        yield replace(diagnostic, correction=safe_fix(f'Write "{method.lower()}"', edits))


def _edits(inspection: Inspection, pointer: str, method: str) -> tuple[Edit, ...]:
    methods = inspection.manifest.value["resources"][int(parts_of(pointer)[1])]["methods"]
    if isinstance(methods, list) and method.lower() in methods:
        return removed(inspection.manifest, pointer, method)
    return rewritten(inspection.manifest, pointer, method, method.lower())


_METHODS = "/properties/resources/items/properties/methods"

RULE = structure_rule(
    code="BK117",
    name="upper-case-method",
    severity=Severity.ERROR,
    page=__doc__,
    claims={f"{_METHODS}/then/items/enum", f"{_METHODS}/else/then/enum"},
    word=word,
)
