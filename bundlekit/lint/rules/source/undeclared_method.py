"""A handler has a method that bundle.json does not declare for its resource.

Why: `methods` plays no part in what the gateway sends to a bundle, so the handler is called too: bundle.json, which
callers read, is incomplete.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a DELETE that bundle.json does not declare was handled and answered with
200.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "delete"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    bundle.json
        "resources": [{"methods": ["get", "delete"], "resource": "/example"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "delete"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.manifest import METHODS
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.facts.route_coverage import reached
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for handler in reached(inspection):
        route, declared = handler.route, handler.declared
        if not declared or any(not one.resource.methods for one in declared):
            continue
        known = {method.lower() for one in declared for method in one.resource.methods}
        extra = tuple(
            method for method in dict.fromkeys(route.methods or ()) if method in METHODS and method not in known
        )
        if not extra:
            continue
        manifest = inspection.manifest
        yield Diagnostic(
            inspection.source.path,
            route.methods_span,
            f"bundle.json does not declare {listed(extra, 'and')} of {quoted(handler.resource)}, but this handles it",
            'list it in "methods" of the resource, or remove the handler',
            other=(manifest.path, manifest.position(f"{declared[0].pointer}/methods"), "the declared methods"),
        )


RULE = Rule(code="BK303", name="undeclared-method", severity=Severity.WARNING, page=__doc__, check=check)
