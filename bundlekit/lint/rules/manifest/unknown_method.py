"""A method is not get, put, post or delete.

Why: These four are what the gateway's REST API passes on to bundles, and what the SDK has handlers for.

Evidence: The vendor's guide lists these four. Seen with SDK 1.1.2 on Python 2.7.18: a `@Route` with `patch` ends the
start with `AttributeError: 'Route' object has no attribute 'patch'`. In bundle.json only, it changed nothing: the
gateway does not read `methods`.

Fix (safe or unsafe): writes the method that it is a slip of, if a handler takes that and it is not listed; this is
safe, as nothing on a gateway reads `methods`. Or removes it, if known methods are listed too; this is unsafe, as
another one may have been meant.

Bad:

    bundle.json
        "resources": [{"methods": ["get", "patch"], "resource": "/example"}]

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
from bundlekit.lint.facts.naming import alike, listed, resource_called
from bundlekit.lint.facts.route_coverage import are_too_many, handled_methods
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule, unsafe_fix
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
    diagnostic = in_manifest(inspection, error.pointer, message, _hint(method, known))
    yield replace(diagnostic, correction=_correction(inspection, error.pointer, method, known))


def _correction(inspection: Inspection, pointer: str, method: object, known: list[str]) -> Correction | None:
    """The method that it is a slip of, if that has a handler; else it is removed, if there are others."""
    _, index, *_ = parts_of(pointer)
    resource = inspection.manifest.value["resources"][int(index)]
    listed_ones = resource["methods"]
    if not isinstance(method, str) or are_too_many(inspection):
        return None
    lower, path = method.strip().lower(), resource.get("resource")
    meant = lower if lower in known else alike(lower, known)
    if meant and meant not in listed_ones and isinstance(path, str) and meant in handled_methods(inspection, path):
        return safe_fix(f'Write "{meant}"', rewritten(inspection.manifest, pointer, method, meant))
    if isinstance(listed_ones, list) and any(one in known for one in listed_ones):
        return unsafe_fix(f"Remove {quoted(method)}", removed(inspection.manifest, pointer, method))
    return None


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
