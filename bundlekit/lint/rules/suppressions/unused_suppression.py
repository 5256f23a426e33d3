"""A comment hides findings of a rule that finds nothing there.

Why: the problem was corrected or has moved, and the comment would silently hide the next such problem. A comment hides
findings on its own line, or on the next line with code if it is alone on its line.

Evidence: Neither Python 2.7 nor the SDK reads comments. What this one hides is hidden from `bundlekit validate` alone,
which but for this finding says the same of the bundle without the comment.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")  # bundlekit: ignore[BK302] for the old firmware
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            # bundlekit: ignore[BK302] for the old firmware
            @Route(methods="get", resource="/old")
            def old(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.lint.rules import rules
from bundlekit.lint.suppression import hidden, lines_of, suppressions


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    asked = {code for code, _, _ in hidden(inspection)}
    found = {
        (rule.code, *line)
        for rule in rules()
        if rule.code in asked
        for diagnostic in rule.check(inspection)
        for line in lines_of(diagnostic)
    }
    for suppression in suppressions(inspection):
        for word, codes in suppression.codes:
            if codes & asked and not any((code, suppression.path, suppression.line) in found for code in codes):
                yield Diagnostic(
                    suppression.path,
                    suppression.span,
                    f"{word} finds nothing on line {suppression.line}, so there is nothing to ignore",
                    f"take {word} out of the comment",
                )


RULE = Rule(code="BK901", name="unused-suppression", severity=Severity.WARNING, page=__doc__, check=check)
