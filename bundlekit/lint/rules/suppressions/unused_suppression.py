"""A comment hides findings of a rule that finds nothing there.

Why: the problem was corrected or has moved, and the comment would silently hide the next such problem. A comment hides
findings on its own line, or on the next line with code if it is alone on its line.

Evidence: Neither Python 2.7 nor the SDK reads comments. What this one hides is hidden from `bundlekit validate` alone,
which but for this finding says the same of the bundle without the comment.

Fix (safe): takes the rule out of the comment, or removes the comment if it names no other.

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

import re
from collections.abc import Iterator

from bundlekit.lint.code_edits import within
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Edit, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.lint.rules import rules
from bundlekit.lint.suppression import Suppression, hidden, lines_of, suppressions


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
                    correction=_correction(inspection, suppression, word),
                )


def _correction(inspection: Inspection, suppression: Suppression, word: str) -> Correction | None:
    """The comment without the word, or without it all if it names no other."""
    text, place = inspection.text(suppression.path), suppression.span
    if text is None or suppression.words.count(word) != 1:
        return None
    written, line = text.between(place), text.line(place.line)
    if len(suppression.words) > 1:
        found = re.search(rf"(?<=[\[,\s]){re.escape(word)}\s*,\s*|\s*,\s*{re.escape(word)}(?=\s*\])", written)
        edits = [within(place, written, *found.span(), "")] if found is not None else []
        return safe_fix(f"Take {word} out of the comment", edits)
    before, behind = line[: place.column - 1], line[place.end_column - 1 :]
    if behind.strip():
        return None
    if before.strip():
        edit = Edit(place.line, len(before.rstrip()) + 1, place.line, len(line) + 1, "")
    else:
        edit = Edit(place.line, 1, place.line + 1, 1, "")
    return safe_fix("Remove the comment", [edit]) if place.line < text.content.count("\n") + 1 else None


RULE = Rule(code="BK901", name="unused-suppression", severity=Severity.WARNING, page=__doc__, check=check)
