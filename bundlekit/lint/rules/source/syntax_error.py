"""index.py, or a module beside it that it imports, has a syntax error.

Why: A gateway does not start a bundle whose code it cannot read. It is an error where neither Python 3's own parser nor
a grammar of Python 2.7 takes the file, or the indentation of its lines; what Python 2.7 alone refuses is found by
`python-3-syntax`.

Evidence: Python 2.7.18 ends with "SyntaxError: invalid syntax" before a line of index.py runs. Of the files of its
library and of its tests, and of thousands of changed copies, none that it takes is found.

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

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.source.python2.grammar import syntax_error


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules:
        error = syntax_error(module)
        if error is not None:
            yield Diagnostic(
                module.path,
                error,
                "syntax error at or shortly before this place, expected Python",
                "a bracket, a quote, a comma or a colon may be missing, or the indentation is wrong",
            )


RULE = Rule(code="BK307", name="syntax-error", severity=Severity.ERROR, page=__doc__, check=check)
