"""A `@Route` has a method that the SDK does not know.

Why: The SDK looks the method up by its name while the bundle starts, in lower case, and fails with an AttributeError if
it is not get, put, post or delete. (`all` is known to it, but no request ever has it.) One method may be given as a
string, but under Python 2.7 as a plain one: of `u"get"`, and of `"get"` in a file with `unicode_literals`, the SDK
takes each letter for a method. In a list, either is fine.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the start ends with `AttributeError: 'Route' object has no attribute
'GET'`, and for `u"get"` with "has no attribute 'g'"; with `all` the bundle comes up and answers 404.

Fix (safe): writes the method in lower case, or puts square brackets around a unicode string.

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

import re
from collections.abc import Iterator

from bundlekit.bundle.manifest import METHODS
from bundlekit.lint.code_edits import within
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.quoting import printable, quoted
from bundlekit.source.routes import Route, Source

_LITERAL = re.compile(r"([A-Za-z]*)['\"]")
_UNICODE_LITERALS = re.compile(
    r"^from\s+__future__\s+import\s*(?:\([^)]{0,500}|[^#\n(]{0,500})\bunicode_literals\b", re.MULTILINE
)


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    source = inspection.source
    are_unicode = bool(source.routes) and _UNICODE_LITERALS.search(source.text.content) is not None
    for route in source.routes:
        if _is_unicode(source, route, are_unicode):
            written = inspection.source.text.between(route.methods_span)
            message = f"{printable(written)[:60]} is unicode to Python 2.7, expected a list"
            hint = "the SDK takes each letter of it for a method; put square brackets around it"
            edits = [
                within(route.methods_span, written, 0, 0, "["),
                within(route.methods_span, written, len(written), len(written), "]"),
            ]
            correction = safe_fix("Put square brackets around it", edits)
            yield Diagnostic(inspection.source.path, route.methods_span, message, hint, correction=correction)
            continue
        for method in dict.fromkeys(route.methods or ()):
            if method in METHODS:
                continue
            lower = method.strip().lower()
            yield Diagnostic(
                inspection.source.path,
                route.methods_span,
                f"method {quoted(method)} is unknown to the SDK, expected {listed(METHODS)}",
                f'write "{lower}"' if lower in METHODS else "",
                correction=_correction(source, route, method),
            )


def _correction(source: Source, route: Route, method: str) -> Correction | None:
    """The method in lower case, where it stands there and is not listed twice then."""
    lower = method.strip().lower()
    if lower not in METHODS or [one.strip().lower() for one in route.methods or ()].count(lower) != 1:
        return None
    written = source.text.between(route.methods_span)
    literals = re.finditer(rf"""(?<![A-Za-z0-9_])(['"])({re.escape(method)})\1""", written)
    edits = [within(route.methods_span, written, *found.span(2), lower) for found in literals]
    return safe_fix(f'Write "{lower}"', edits) if len(edits) == 1 else None


def _is_unicode(source: Source, route: Route, are_unicode: bool) -> bool:
    """Whether the methods are written as one string, not in a list, that Python 2.7 makes a unicode string of.

    `are_unicode`: whether it does so of every string in the module.
    """
    if route.methods is None or len(route.methods) != 1 or route.methods[0] not in METHODS:
        return False
    literal = _LITERAL.match(source.text.between(route.methods_span))
    if literal is None or "b" in literal[1].lower():
        return False
    return "u" in literal[1].lower() or are_unicode


RULE = Rule(code="BK306", name="unknown-handler-method", severity=Severity.ERROR, page=__doc__, check=check)
