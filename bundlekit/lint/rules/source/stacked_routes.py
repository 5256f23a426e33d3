"""A function carries more than one `@Route`.

Why: The SDK (1.1.2) uses only the outermost `@Route`, which wraps the inner `@Route` and not the function: requests for
the outer resource get no answer until the ttl is over, those for the inner one 404.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18 with the outer one for get and the inner one for put: the GET comes back
with 408 when the ttl is over, the PUT at once with 404, and the function is called for neither.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            @Route(methods="put", resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.routes import Route


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    path = inspection.source.path
    outermost: dict[int, Route] = {}
    for route in inspection.source.routes:
        outer = outermost.setdefault(route.handler_at, route)
        if outer is not route and route.handler:
            yield Diagnostic(
                path,
                route.span,
                f"{printable(route.handler)[:60]} has a second @Route, so the first @Route does not answer",
                "give one @Route a list of methods, or write a function for each resource",
                other=(path, outer.span, "the first one"),
            )


RULE = Rule(code="BK305", name="stacked-routes", severity=Severity.ERROR, page=__doc__, check=check)
