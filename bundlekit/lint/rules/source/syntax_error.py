"""index.py is no Python from some place on.

Why: a gateway does not start a bundle whose index.py it cannot read, and `bundlekit deploy` finds it out only there.
The grammar that is asked knows Python 2 and 3 alike; what Python 2.7 alone refuses is told by `python-3-syntax`. It
is a warning, for the last word is the gateway's: a deploy goes on, and the gateway's own Python decides before anything
is stopped.

Evidence: Python 2.7.18 ends with "SyntaxError: invalid syntax" before a line of index.py runs.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                print "asked"
                return response(code=200, data={})
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule

_BEYOND_THE_GRAMMAR = re.compile(r"\bexec\b|\basync\b|\bnonlocal\b|\.(?:True|False|None)\b")
"""What Python 2.7 takes and the grammar does not: `exec` of an expression, and words that became keywords."""


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    source = inspection.source
    if source.error is not None and not _BEYOND_THE_GRAMMAR.search(source.text.line(source.error.line)):
        yield Diagnostic(
            source.path,
            source.error,
            "syntax error at or shortly before this place, expected Python",
            "a bracket, a quote, a comma or a colon may be missing",
        )


RULE = Rule(code="BK307", name="syntax-error", severity=Severity.WARNING, page=__doc__, check=check)
