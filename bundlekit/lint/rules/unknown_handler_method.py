"""A `@Route` has a method that the SDK does not know.

Why: The SDK looks the method up by its name while the bundle starts, in lower case, and dies of an AttributeError when
it is none of get, put, post and delete. (`all` is known to it, but no request ever has it.)

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the start ends with `AttributeError: 'Route' object has no attribute
'GET'`; with `all` the bundle comes up and answers 404.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["GET", "PUT"], resource="/example")
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

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.quoting import quoted
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.naming import listed
from bundlekit.lint.rule import Fault, Rule


def check(inspection: Inspection) -> Iterator[Fault]:
    for route in inspection.source.routes:
        for method in dict.fromkeys(route.methods or ()):
            if method in METHODS:
                continue
            lower = method.strip().lower()
            yield Fault(
                inspection.source.path,
                route.methods_span,
                f"method {quoted(method)} is unknown to the SDK, expected {listed(METHODS)}",
                f'write "{lower}"' if lower in METHODS else "",
            )


RULE = Rule(code="BK306", name="unknown-handler-method", severity=Severity.ERROR, page=__doc__, check=check)
