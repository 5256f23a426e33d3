"""index.py, or a module beside it that it imports, does not declare its encoding to Python 2.7.

Why: Python 2.7 takes a source for ASCII unless its first or second line names another encoding, and refuses the whole
file for one other byte, be it in a comment (PEP 263). Python 3 takes it for UTF-8.

Evidence: PEP 263. Seen with Python 2.7.18: a degree sign in a comment ends the start with "Non-ASCII character '\\xc2'
in file index.py on line 2, but no encoding declared".

Fix (safe): adds the line, if the file is UTF-8 and declares no other encoding.

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
from bundlekit.lint.code_edits import inserted
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.quoting import printable
from bundlekit.source.encoding import declared, refusal
from bundlekit.source.modules import Module

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules_for_python_2:
        why = refusal(module.content)
        if why is not None:
            first = _BEYOND_ASCII.search(module.text.content)
            span = module.text.span(first.start(), first.end()) if first is not None else BEGINNING
            message = f"Python 2.7 does not read {printable(why[0])}"
            yield Diagnostic(module.path, span, message, why[1], correction=_correction(module))


def _correction(module: Module) -> Correction | None:
    """The line, behind the one that begins with `#!`, in a file that is UTF-8 and has none."""
    try:
        module.content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if declared(module.content) is not None:
        return None
    at = module.text.utf8.find(b"\n") + 1 if module.content.startswith(b"#!") else 0
    if module.content.startswith(b"#!") and not at:
        return None
    return safe_fix("Declare that the file is UTF-8", [inserted(module, at, "# -*- coding: utf-8 -*-\n")])


RULE = Rule(code="BK309", name="missing-coding-line", severity=Severity.ERROR, page=__doc__, check=check)
