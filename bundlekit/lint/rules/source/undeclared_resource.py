"""A handler is for a resource that bundle.json does not declare.

Why: The gateway sends a bundle only what its declared resources match, so the handler is never called. Often the
resource is spelled in two ways. A bundle with a hook also gets requests for resources of the bundles that it names
there: of such a bundle, only handlers without `response` are found, which are never called for a hook.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the bundle comes up, and a request for the handler's resource comes back
with 403 and "request forbidden", as the original controller 1.6.2 says where no model has the resource.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            @Route(methods="get", resource="/exampel/status")
            def status(self, message, response):
                return response(code=200, data={})

Good:

    bundle.json
        "resources": [
          {"methods": ["get", "put"], "resource": "/example"},
          {"methods": ["get"], "resource": "/example/:item"}
        ]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            @Route(methods="get", resource="/example/:name")
            def item(self, message, response):
                return response(code=200, data={})

            @Route(methods="get", resource="/example/status")
            def status(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.facts.route_coverage import is_for_hook, reached
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    paths = [one.resource.path for one in inspection.declared]
    for handler in reached(inspection):
        if handler.declared or is_for_hook(inspection, handler.route):
            continue
        message = f"bundle.json does not declare {quoted(handler.resource)}, so this handler is never called"
        close = alike(handler.resource, paths)
        hint = f"did you mean {quoted(close)}?" if close else 'declare it in "resources" of bundle.json'
        yield Diagnostic(inspection.source.path, handler.route.resource_span, message, hint)


RULE = Rule(code="BK302", name="undeclared-resource", severity=Severity.WARNING, page=__doc__, check=check)
