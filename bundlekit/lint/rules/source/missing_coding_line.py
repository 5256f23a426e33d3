"""index.py, or a module beside it that it imports, does not declare its encoding to Python 2.7.

Why: Python 2.7 takes a source for ASCII unless its first or second line names another encoding, and refuses the whole
file for one other byte, be it in a comment (PEP 263). Python 3 takes it for UTF-8.

Evidence: PEP 263. Seen with Python 2.7.18: a degree sign in a comment ends the start with "Non-ASCII character '\\xc2'
in file index.py on line 2, but no encoding declared".

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"unit": u"°C"})

Good:

    index.py
        # -*- coding: utf-8 -*-
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"unit": u"°C"})
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.encoding import refusal

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules_for_python_2:
        why = refusal(module.content)
        if why is not None:
            first = _BEYOND_ASCII.search(module.text.content)
            span = module.text.span(first.start(), first.end()) if first is not None else BEGINNING
            yield Diagnostic(module.path, span, f"Python 2.7 does not read {printable(why[0])}", why[1])


RULE = Rule(code="BK309", name="missing-coding-line", severity=Severity.ERROR, page=__doc__, check=check)
