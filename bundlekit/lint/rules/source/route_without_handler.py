"""A declared method of a resource has no handler in index.py.

Why: The gateway passes requests for the resource to the bundle, for any `methods`, and the SDK answers requests without
a handler with 404.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with a handler for get alone, a PUT comes back with 404 and "Route
'/example' not found." from the bundle itself. The original controller 1.6.2 routes by the resource and never asks for
methods.

Fix (unsafe): takes the methods out of bundle.json, if others are left. The handler may have been forgotten.

Bad:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from bundlekit.bundle.document import parts_of
from bundlekit.lint.edits import removed
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike, listed
from bundlekit.lint.facts.route_coverage import Unanswered, unanswered
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for one in unanswered(inspection):
        if one.certain:
            yield _diagnostic(inspection, one)


def _diagnostic(inspection: Inspection, one: Unanswered) -> Diagnostic:
    path = inspection.source.path
    resource = one.declared.resource
    message = f"{path} has no handler for {listed(one.methods, 'and')} of {quoted(resource.path)}"
    diagnostic = in_manifest(inspection, f"{one.declared.pointer}/methods", message, _hint(inspection, one))
    diagnostic = replace(diagnostic, correction=_correction(inspection, one))
    if one.neighbour is None:
        return diagnostic
    return replace(diagnostic, other=(path, one.neighbour.span, "a handler of the same resource"))


def _correction(inspection: Inspection, one: Unanswered) -> Correction | None:
    """The methods without a handler are not declared, if others are left; those that follow each other at once."""
    pointer = f"{one.declared.pointer}/methods"
    methods = inspection.manifest.value["resources"][int(parts_of(pointer)[1])].get("methods")
    if not isinstance(methods, list) or all(method in one.methods for method in methods):
        return None
    first = next((at for at, method in enumerate(methods) if method in one.methods), len(methods))
    gone = list(takewhile(lambda method: method in one.methods, methods[first:]))
    edits = removed(inspection.manifest, f"{pointer}/{first}", *gone)
    return unsafe_fix(f"Do not declare {listed(tuple(gone), 'and')}", edits)


def _hint(inspection: Inspection, one: Unanswered) -> str:
    resource = one.declared.resource
    written = [route.resource for route in inspection.source.routes if route.resource is not None]
    close = alike(resource.path, [one for one in written if one != resource.path])
    if close and one.neighbour is None:
        return f"there is a handler for {quoted(close)}"
    route = f"@Route(methods={quoted(one.methods[0])}, resource={quoted(resource.path)})"
    return f"write one with {route}, or do not declare it"


RULE = Rule(code="BK301", name="route-without-handler", severity=Severity.ERROR, page=__doc__, check=check)
