"""bundlekit cannot see which requests index.py handles.

Why: Resources that are literals, or made of constants that are, are followed; computed values are not guessed. A
declared resource without a visible handler may be handled there, or not at all.

Evidence: SDK 1.1.2, `Route` in sanji/core.py, takes whatever value it is called with when the bundle starts;
bundle.json plays no part in it. So there is nothing wrong with such a handler but that it cannot be checked.

Bad:

    settings.py
        def resource_of(name):
            return "/" + name
    index.py
        from sanji.core import Route, Sanji
        from settings import resource_of


        class Example(Sanji):
            @Route(methods=["get", "put"], resource=resource_of("example"))
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji

        BASE = "/"


        class Example(Sanji):
            @Route(methods=["get", "put"], resource=BASE + "example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.facts.route_coverage import are_too_many, unanswered
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import printable, quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    source = inspection.source
    for route in source.routes:
        if route.resource is None:
            yield Diagnostic(
                source.path, route.resource_span, "which resource this is cannot be seen without running it"
            )
        elif route.methods is None:
            yield Diagnostic(
                source.path, route.methods_span, "which methods these are cannot be seen without running it"
            )
    if are_too_many(inspection):
        message = f"too many routes to compare with the {len(inspection.declared)} resources of bundle.json"
        yield Diagnostic(source.path, source.routes[0].span, message)
    for one in unanswered(inspection):
        if one.certain:
            continue
        where = f"{listed(one.methods, 'and')} of {quoted(one.declared.resource.path)}"
        message = f"no handler for {where} can be seen in {source.path}"
        hint = (
            printable(source.elsewhere[0].reason)[:200] if source.elsewhere else "one that is not understood may be it"
        )
        yield in_manifest(inspection, f"{one.declared.pointer}/methods", message, hint)


RULE = Rule(code="BK304", name="unresolved-route", severity=Severity.INFO, page=__doc__, check=check)
