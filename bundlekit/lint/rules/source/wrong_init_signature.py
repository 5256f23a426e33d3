"""The bundle's `init` does not take what the SDK gives it.

Why: While the bundle starts, the SDK calls `init` with all that the object was made with, which is `connection=` at the
least. An `init` that takes neither that nor `**kwargs` ends the start.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with `init(self)` and with `init(self, *args)` the start ends with
"init() got an unexpected keyword argument 'connection'"; `init(self, **kwargs)` and `init(self, connection)` are fine.

Fix (safe): adds `*args, **kwargs`, or `**kwargs` if there are other parameters, and none that has to be given.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            def init(self):
                self.asked = 0

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.asked = 0

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bundlekit.lint.code_edits import cut
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.source.entry_point import bundle_classes
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b"def init" not in module.content:
        return
    bundles = {one.node.start_byte for one in bundle_classes(module)}
    methods = [one for one in module.functions.values() if one.owner in bundles]
    makers = {one.owner for one in methods if one.name in ("__init__", "__new__")}
    for function in methods:
        if function.name != "init" or function.decorators or function.owner in makers or _takes_connection(function):
            continue
        place = function.node.child_by_field_name("parameters") or function.node
        message = "init does not take the connection that the SDK gives it, expected (self, *args, **kwargs)"
        hint, correction = "take **kwargs, whatever else it takes", _correction(module, function)
        yield Diagnostic(module.path, span_of(module.text, place), message, hint, correction=correction)


def _correction(module: Module, function: Function) -> Correction | None:
    """With `**kwargs`, if it needs nothing else than self, and has no such name."""
    kinds = [one.type for one in function.parameters]
    around = function.node.child_by_field_name("parameters")
    more = ", **kwargs" if "list_splat_pattern" in kinds or len(kinds) > 1 else ", *args, **kwargs"
    if (
        around is None
        or kinds[:1] != ["identifier"]
        or "identifier" in kinds[1:]
        or around.named_children[-1:] != (function.parameters[-1:])
        or set(re.findall(r"\w+", more)) & set(re.findall(r"\w+", text_of(function.node)))
    ):
        return None
    last = function.parameters[-1].end_byte
    return safe_fix(f"Take {more.removeprefix(', ')}", [cut(module, last, around.end_byte, f"{more})")])


def _takes_connection(function: Function) -> bool:
    return any(
        one.type == "dictionary_splat_pattern"
        or text_of(one.child_by_field_name("name") or one) == "connection"
        or one.type not in ("identifier", "default_parameter", "list_splat_pattern")
        for one in function.parameters
    )


RULE = Rule(code="BK332", name="wrong-init-signature", severity=Severity.ERROR, page=__doc__, check=check)
