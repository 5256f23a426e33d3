"""The bundle starts whenever index.py is imported.

Why: On a gateway, which runs `python index.py`, this works. Every other program that imports index.py, for example a
test, waits for ever at the `start()`, or for a missing broker. Under `if __name__ == "__main__"` it runs on the gateway
only.

Evidence: `start()` of the SDK 1.1.2 returns when the bundle is stopped and not before.

Fix (safe): puts `if __name__ == "__main__":` in front of it, if it is a line of its own.

Bad:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        Example(connection=Mqtt()).start()

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

from bundlekit.lint.code_edits import indentation, inserted, line_behind, statement_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.source.entry_point import Starting, Use, kept_in
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_GUARD = 'if __name__ == "__main__":'
_HINT = 'put it under if __name__ == "__main__"'


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module, starting = inspection.source.module, inspection.starting
    if module is None or starting is None or b"__name__" in module.content:
        return
    if not starting.last or not starting.starts:
        return
    functions = (one.function for one in starting.starts if one.function is not None)
    names = {"start", *(text_of(one.child_by_field_name("name")) for one in functions)}
    for use in starting.uses:
        if use.function is None and use.name in names and _starts(use, starting):
            message = f"this starts the bundle when {module.path} is imported"
            correction = _correction(module, use.node)
            yield Diagnostic(module.path, span_of(module.text, use.node), message, _HINT, correction=correction)


def _correction(module: Module, node: Node) -> Correction | None:
    """The line in front of it, if it is a line of its own at the top."""
    line = statement_of(node)
    is_plain = line.type == "expression_statement" and line.parent is not None and line.parent.type == "module"
    if not is_plain or line.has_error or indentation(module, line) != "" or not line_behind(module, line, ""):
        return None
    return safe_fix("Start it as the main program only", [inserted(module, line.start_byte, f"{_GUARD}\n    ")])


def _starts(use: Use, starting: Starting) -> bool:
    """Whether something at the top of the module starts the bundle, by itself or by a function."""
    around = use.node.parent
    if use.name != "start" or around is None or around.type != "attribute":
        called = around is not None and around.type == "call"
        return called and any(
            use.name == text_of(one.function.child_by_field_name("name"))
            for one in starting.starts
            if one.function is not None
        )
    asked = around.child_by_field_name("object")
    made = {one.name for one in starting.classes}
    if asked is not None and asked.type == "identifier":
        return text_of(asked) in kept_in(starting)
    return asked is not None and text_of(asked.child_by_field_name("function")) in made


RULE = Rule(code="BK320", name="unguarded-start", severity=Severity.INFO, page=__doc__, check=check)
