"""A handler changes the settings and does not save them.

Why: `self.model.db` is what `ModelInitiator` read from `data/<name>.json`; a change is there for the next request, and
gone after the next start of the bundle, unless `self.model.save_db()` writes it. A handler that calls another method of
its class, or anything with `save` in its name, is taken to save.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a GET after the PUT gives the new value, and after the next start of the
bundle the old one.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                self.model.db["value"] = message.data
                return response(code=200, data=self.model.db)

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                self.model.db["value"] = message.data
                self.model.save_db()
                return response(code=200, data=self.model.db)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.bundle.functions import Function, functions, handler_of
from bundlekit.bundle.python_source import span_of, text_of
from bundlekit.bundle.quoting import printable
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.rule import Fault, Rule

if TYPE_CHECKING:
    from tree_sitter import Node

_SETTINGS = re.compile(r"self\.model\.db(?:$|\s*\[)")
_CHANGES = re.compile(r"self\.model\.db\.(?:append|clear|extend|insert|pop|popitem|remove|update)")
_MAY_SAVE = re.compile(r"self\.[^.]+|.*(?:save|batch|dump|write).*", re.DOTALL)


def check(inspection: Inspection) -> Iterator[Fault]:
    module = inspection.source.module
    if module is None or b".model.db" not in module.content:
        return
    known = functions(module)
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        change = _change(function) if function is not None else None
        if function is not None and change is not None and not _may_save(function):
            message = f"{printable(function.name)[:60]} changes self.model.db and does not save it"
            hint = "call self.model.save_db() behind the change"
            yield Fault(module.path, span_of(module.text, change), message, hint)


def _change(function: Function) -> Node | None:
    """The first change of the settings in a function."""
    for node in function.nodes:
        if node.type in ("assignment", "augmented_assignment"):
            target = node.child_by_field_name("left")
            if target is not None and _SETTINGS.match(text_of(target)):
                return target
    return next((call for name, call in function.calls() if _CHANGES.fullmatch(name)), None)


def _may_save(function: Function) -> bool:
    inside = any(one.type in ("function_definition", "lambda") for one in function.nodes)
    return inside or any(_MAY_SAVE.fullmatch(name) for name, _ in function.calls())


RULE = Rule(code="BK317", name="unsaved-model", severity=Severity.WARNING, page=__doc__, check=check)
