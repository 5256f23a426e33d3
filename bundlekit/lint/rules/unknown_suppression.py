"""A comment that is to hide findings names no rule that it can hide.

Why: it hides nothing, and whoever reads it believes that it does. Expected is the code or the name of a rule in square
brackets, or several with commas between. What is said of such comments cannot be hidden by them.

Evidence: Nothing but `bundlekit validate` reads the comment. In the example it tells of the undeclared resource all the
same.

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

from bundlekit.bundle.quoting import quoted
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.rule import Fault, Rule
from bundlekit.lint.selection import near
from bundlekit.lint.suppression import OF_SUPPRESSIONS, suppressions


def check(inspection: Inspection) -> Iterator[Fault]:
    for suppression in suppressions(inspection):
        path = suppression.path
        if not suppression.words:
            hint = "write # bundlekit: ignore[CODE] and why"
            yield Fault(path, suppression.span, "names no rule, expected ignore and codes in square brackets", hint)
        for word, codes in suppression.codes:
            if not codes:
                yield Fault(
                    path,
                    suppression.span,
                    f"there is no rule {quoted(word)}",
                    near(word) or "write the code or the name of one rule",
                )
            elif any(code.startswith(OF_SUPPRESSIONS) for code in codes):
                message = f"a comment cannot hide {word}, which is about such comments"
                yield Fault(path, suppression.span, message, "ignore it in the settings, or on the command line")


RULE = Rule(code="BK902", name="unknown-suppression", severity=Severity.WARNING, page=__doc__, check=check)
