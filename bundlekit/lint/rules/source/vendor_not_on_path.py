"""A module imports what is in `vendor/`, and Python does not look there.

Why: `bundlekit vendor` puts packages into the folder `vendor/`. Python looks for modules beside index.py and not in
this folder, unless a line of index.py adds it to `sys.path` before the first import from it. `validate --fix` adds the
line. Without it, a module that the SDK has too, such as six, comes from the SDK, in another version.

Evidence: Seen with Python 2.7.18: without the line the start ends with "ImportError: No module named pymodbus", and
also with the line behind the import.

Fix (safe): adds the line to index.py, before the first import that is not of Python's own library.

Bad:

    vendor.lock
        {}
    vendor/pymodbus.py
        LIMIT = 5
    index.py
        import pymodbus
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"limit": pymodbus.LIMIT})

Good:

    vendor.lock
        {}
    vendor/pymodbus.py
        LIMIT = 5
    index.py
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))

        import pymodbus
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"limit": pymodbus.LIMIT})
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.bundle.vendor_lock import VENDOR, has_lock
from bundlekit.lint.code_edits import inserted
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Edit, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.quoting import printable
from bundlekit.source.imports import is_in_vendor, looks_elsewhere, python_2_modules
from bundlekit.source.modules import MOST_IMPORTS, Beside, Module, beside
from bundlekit.source.search_path import added_at
from bundlekit.source.syntax import Import, span_of

if TYPE_CHECKING:
    from tree_sitter import Node

_LINE = f'sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "{VENDOR}"))'


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    main = inspection.source.module
    if main is None or main.python.error is not None or not has_lock(inspection.bundle.files):
        return
    if looks_elsewhere(inspection.modules):
        return
    added = next((node for folder, node in added_at(main.path, main.python) if folder == VENDOR), None)
    for module in inspection.modules_for_python_2:
        for one in module.python.imports[:MOST_IMPORTS]:
            if not _is_looked_for(inspection, module, one, added):
                continue
            name = printable(one.module)[:60]
            message = f'"{name}" is in {VENDOR}/, where Python does not look yet'
            hint = "move the line that adds vendor to sys.path before it" if added else f"write before it: {_LINE}"
            edits = _edits(main) if added is None and module is main else ()
            correction = safe_fix(f"Add {VENDOR} to sys.path", edits)
            yield Diagnostic(module.path, span_of(module.text, one.node), message, hint, correction=correction)
            return  # one line mends all of them


def _is_looked_for(inspection: Inspection, module: Module, one: Import, added: Node | None) -> bool:
    """Whether an import needs `vendor/`, and runs before that is on the path."""
    files = inspection.bundle.files
    if one.module.startswith(".") or one.module in python_2_modules() or not is_in_vendor(files, one.module):
        return False
    if added is not None:
        is_main = inspection.source.module is not None and module.path == inspection.source.module.path
        return is_main and _is_at_top(one.node) and one.node.start_byte < added.start_byte
    return beside(files, module, one.module) is not Beside.THERE


def _edits(main: Module) -> tuple[Edit, ...]:
    """The line, before the first import at the top of index.py that is not of Python's own library."""
    at_top = [one for one in main.python.imports[:MOST_IMPORTS] if _is_at_top(one.node)]
    first = next(
        (_outermost(one.node) for one in at_top if one.module not in python_2_modules() | {"__future__"}), None
    )
    if first is None or first.start_point.column:
        return ()
    always = [one for one in at_top if one.node.parent is not None and one.node.parent.type == "module"]
    before = {one.module for one in always if one.node.end_byte <= first.start_byte and one.alias == one.module}
    imports = "".join(f"import {name}\n" for name in ("os", "sys") if name not in before)
    lines = f"{imports}\n{_LINE}\n\n" if imports else f"{_LINE}\n\n"
    return (inserted(main, first.start_byte, lines),)


def _is_at_top(node: Node) -> bool:
    """Whether a statement runs when the module is imported: in no function and in no class."""
    while node.parent is not None:
        node = node.parent
        if node.type in ("function_definition", "class_definition", "lambda"):
            return False
    return True


def _outermost(node: Node) -> Node:
    while node.parent is not None and node.parent.type != "module":
        node = node.parent
    return node


RULE = Rule(code="BK339", name="vendor-not-on-path", severity=Severity.ERROR, page=__doc__, check=check)
