"""index.py, or a module beside it that it imports, has syntax that Python 2.7 refuses.

Why: Bundles run under the gateway's Python 2.7, which refuses the whole file for one construct that only Python 3
knows, before a line of it runs.

Evidence: Seen with Python 2.7.18: one f-string in a method that nobody calls ends the start with "SyntaxError: invalid
syntax". Each construct that is told was compiled with it, case by case, and so was what is not told.

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
from itertools import islice

from bundlekit.bundle.python_2 import refused
from bundlekit.bundle.python_source import span_of
from bundlekit.bundle.quoting import printable
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.rule import Fault, Rule

_MOST = 200


def check(inspection: Inspection) -> Iterator[Fault]:
    for module in inspection.modules:
        for one in islice(refused(module.python, module.text.utf8), _MOST):
            yield Fault(
                module.path,
                span_of(module.text, one.node),
                f"Python 2.7 refuses {printable(one.what)}",
                one.hint,
            )


RULE = Rule(code="BK308", name="python-3-syntax", severity=Severity.ERROR, page=__doc__, check=check)
