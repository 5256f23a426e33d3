"""A method is not get, put, post or delete.

Why: These four are what the gateway's REST API passes on to bundles, and what the SDK has handlers for.

Evidence: The vendor's guide lists these four. Seen with SDK 1.1.2 on Python 2.7.18: a `@Route` with `patch` ends the
start with `AttributeError: 'Route' object has no attribute 'patch'`. In bundle.json only, it changed nothing: the
gateway does not read `methods`.

Bad:

    bundle.json
        "resources": [{"methods": ["get", "patch"], "resource": "/example"}]

Good:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike, listed, resource_called
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule
from bundlekit.quoting import quoted

_METHODS = "/properties/resources/items/properties/methods"


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    method, known = error.value, error.expected
    if isinstance(method, str) and method.lower() in known:
        return  # upper-case-method tells
    message = (
        f"method {quoted(method)} of {resource_called(inspection, error.pointer)} is unknown, "
        f"expected {listed(tuple(known))}"
    )
    yield in_manifest(inspection, error.pointer, message, _hint(method, known))


def _hint(method: object, known: list[str]) -> str:
    if not isinstance(method, str):
        return ""
    lower = method.strip().lower()
    if lower in known:
        return f'write "{lower}": lower case, nothing around it'
    if lower == "patch":
        return 'changes come with "put"'
    close = alike(lower, known)
    return f'did you mean "{close}"?' if close else ""


RULE = structure_rule(
    code="BK108",
    name="unknown-method",
    severity=Severity.ERROR,
    page=__doc__,
    claims={f"{_METHODS}/then/items/enum", f"{_METHODS}/else/then/enum"},
    word=word,
)
