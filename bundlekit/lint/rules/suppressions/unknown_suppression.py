"""A comment that should hide findings does not name a rule that can be hidden.

Why: it hides nothing, but its reader believes that it does. It must have the code or the name of a rule in square
brackets, or several, separated by commas. Such comments cannot hide the findings about themselves.

Evidence: Nothing but `bundlekit validate` reads the comment. In the example it still reports the undeclared resource.

Fix (unsafe): writes the name of the rule that it is a slip of. Then the comment hides what that rule finds.

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

import re
from collections.abc import Iterator

from bundlekit.lint.code_edits import within
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import unsafe_fix
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


def correct(inspection: Inspection, suppression: Suppression) -> Correction | None:
    """The name of the rule that the first word without one is a slip of, if it is the first thing that is wrong."""
    said = next((said for said, codes in suppression.codes if not codes), "")
    hidden = [code for _, codes in suppression.codes for code in codes if code.startswith(OF_SUPPRESSIONS)]
    meant = (near(said) or "").removeprefix("did you mean ").removesuffix("?")
    text = inspection.text(suppression.path)
    if hidden or not meant or text is None or suppression.words.count(said) != 1:
        return None
    written = text.between(suppression.span)
    found = re.search(rf"(?<=[\[,\s]){re.escape(said)}(?=\s*[,\]])", written)
    edits = [within(suppression.span, written, *found.span(), meant)] if found is not None else []
    return unsafe_fix(f"Write {meant}", edits)


RULE = suppression_rule(
    code="BK902", name="unknown-suppression", severity=Severity.WARNING, page=__doc__, word=word, correct=correct
)
