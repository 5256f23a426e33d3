"""A comment that should hide findings does not name a rule that can be hidden.

Why: it hides nothing, but its reader believes that it does. It must have the code or the name of a rule in square
brackets, or several, separated by commas. Such comments cannot hide the findings about themselves.

Evidence: Nothing but `bundlekit validate` reads the comment. In the example it still reports the undeclared resource.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            # bundlekit: ignore[undeclared-resuorce] for the old firmware
            @Route(methods="get", resource="/old")
            def old(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            # bundlekit: ignore[undeclared-resource] for the old firmware
            @Route(methods="get", resource="/old")
            def old(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.finding import Severity
from bundlekit.lint.selection import near
from bundlekit.lint.suppression import OF_SUPPRESSIONS, Suppression, suppression_rule
from bundlekit.quoting import quoted


def word(suppression: Suppression) -> Iterator[tuple[str, str]]:
    if not suppression.words:
        yield (
            "names no rule, expected ignore and codes in square brackets",
            "write # bundlekit: ignore[CODE] and why",
        )
    for said, codes in suppression.codes:
        if not codes:
            yield f"there is no rule {quoted(said)}", near(said) or "write the code or the name of one rule"
        elif any(code.startswith(OF_SUPPRESSIONS) for code in codes):
            message = f"a comment cannot hide {said}, which is about such comments"
            yield message, "ignore it in the settings, or on the command line"


RULE = suppression_rule(code="BK902", name="unknown-suppression", severity=Severity.WARNING, page=__doc__, word=word)
