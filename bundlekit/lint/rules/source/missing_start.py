"""Nothing in index.py starts the bundle.

Why: The gateway runs `python index.py`. An object of the bundle's class connects and registers when its `start()` is
called; without that the program ends at once, or does nothing, and the gateway knows no such resource. Nothing is
reported if a class, a decorator or another module may call it.

Evidence: with the SDK 1.1.2 under Python 2.7.18, an index.py that only defines its class ends with exit status 0, and
one that only makes the object does too; neither connects to the broker.

Fix (unsafe): starts the object that is made, or calls the function that does.

Bad:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt())

Good:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt()).start()
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import inserted, line_behind, statement_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.entry_point import Starting
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module, starting = inspection.source.module, inspection.starting
    if module is None or starting is None:
        return
    if not starting.last or starting.starts or starting.unclear:
        return
    if starting.idle:
        name = starting.idle[-1].child_by_field_name("name") or starting.idle[-1]
        called = printable(text_of(name))[:60]
        correction = _call(module, starting.idle[-1])
        message = f"nothing calls {called}, so nothing starts the bundle"
        hint = f'call {called}() under if __name__ == "__main__"'
    else:
        one = starting.last[-1]
        name = one.node.child_by_field_name("name") or one.node
        called = printable(one.name)[:60]
        correction = _start(module, starting, one.name)
        message = f"nothing starts {called}, expected a call of its start()"
        hint = f'write {called}(connection=Mqtt()).start() under if __name__ == "__main__"'
    yield Diagnostic(module.path, span_of(module.text, name), message, hint, correction=correction)


def _call(module: Module, function: Node) -> Correction | None:
    """A call of the function at the end of the module, if it takes nothing and nothing is behind it."""
    parameters, name = function.child_by_field_name("parameters"), text_of(function.child_by_field_name("name"))
    utf8 = module.text.utf8
    if parameters is None or parameters.named_children or function.start_point.column or not utf8.endswith(b"\n"):
        return None
    lines = f'\n\nif __name__ == "__main__":\n    {name}()\n'
    return unsafe_fix(f"Call {printable(name)[:60]}()", [inserted(module, len(utf8), lines)])


def _start(module: Module, starting: Starting, name: str) -> Correction | None:
    """A start of the object that is made of the class, if one is."""
    calls = [use.node.parent for use in starting.uses if use.name == name]
    call = calls[0] if len(calls) == 1 else None
    if call is None or call.type != "call" or call.parent is None or call.has_error:
        return None
    if call.parent.type == "expression_statement":
        return unsafe_fix("Start it", [inserted(module, call.end_byte, ".start()")])
    target = call.parent.child_by_field_name("left") if call.parent.type == "assignment" else None
    if target is None or target.type != "identifier":
        return None
    return unsafe_fix("Start it", line_behind(module, statement_of(call), f"{text_of(target)}.start()"))


RULE = Rule(code="BK319", name="missing-start", severity=Severity.WARNING, page=__doc__, check=check)
