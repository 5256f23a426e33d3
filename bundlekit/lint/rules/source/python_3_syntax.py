"""index.py, or a module beside it that it imports, has syntax that Python 2.7 refuses.

Why: Bundles run under the gateway's Python 2.7, which refuses the whole file for one construct that only Python 3
knows, before a line of it runs.

Evidence: Seen with Python 2.7.18: one f-string in a method that nobody calls ends the start with "SyntaxError: invalid
syntax". Each reported construct was compiled with it, case by case, and so were the constructs that are not reported.

Fix (safe or unsafe): removes annotations, underscores in numbers and what follows a `raise ... from`, writes `br` for
`rb`, and `pass` for a line with `...`. An f-string becomes a call of `format`; this is unsafe, as under Python 2.7 it
depends on the kinds of text that meet there. One without values loses the `f`; unsafe if it is not plain ASCII.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"asked": f"by {message.method}"})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"asked": "by {}".format(message.method)})
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.inspection import MOST_REFUSED, Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.python_2_edits import for_python_2
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable, quoted
from bundlekit.source.modules import Module
from bundlekit.source.python2.incompatibility import Incompatibility
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules_for_python_2:
        found = inspection.refused[module.path]
        for one in found[:MOST_REFUSED]:
            yield _corrected(module, one, f"Python 2.7 refuses {printable(one.what)}")
        if len(found) > MOST_REFUSED:
            more = f"Python 2.7 refuses {len(found) - MOST_REFUSED} more places of this file, from here on"
            yield _diagnostic(module, found[MOST_REFUSED], more, "")
    for package, modules in inspection.python_3_packages.items():
        places = [(module, one) for module in modules for one in inspection.refused[module.path]]
        files = len({module.path for module, _ in places})
        module, first = places[0]
        message = (
            f"{quoted(package)} is a package for Python 3: Python 2.7 refuses {len(places)} places in {files} of its "
            f"files, the first is {printable(first.what)}"
        )
        yield _diagnostic(
            module, first, message, "put a release of it there that supports Python 2.7, or do without it"
        )


def _diagnostic(module: Module, one: Incompatibility, message: str, hint: str) -> Diagnostic:
    return Diagnostic(module.path, span_of(module.text, one.node), message, hint)


def _corrected(module: Module, one: Incompatibility, message: str) -> Diagnostic:
    return replace(_diagnostic(module, one, message, one.hint), correction=for_python_2(module, one))


RULE = Rule(code="BK308", name="python-3-syntax", severity=Severity.ERROR, page=__doc__, check=check)
