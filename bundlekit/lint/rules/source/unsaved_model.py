"""A handler changes the settings and does not save them.

Why: `self.model.db` is what `ModelInitiator` read from `data/<name>.json`; a change is there for the next request, and
gone after the next start of the bundle, unless `self.model.save_db()` writes it. A handler is taken to save when it, or
a method of its class that it calls, calls anything with `save` in its name, a method that is not in index.py, or hands
`self` or `self.model` on; and so is a bundle whose `run` saves.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a GET after the PUT gives the new value, and after the next start of the
bundle the old one.

Fix (unsafe): calls `self.model.save_db()` behind the last change, if all changes are lines of one block.

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

from bundlekit.lint.code_edits import line_behind, statement_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, methods_of, run_from
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SETTINGS = re.compile(r"self\.model\.db(?:\s*\[.*\])?", re.DOTALL)
_CHANGES = frozenset({"append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "sort", "update"})
_MAY_SAVE = re.compile(r".*(?:save|batch|dump|write).*", re.DOTALL)
_LONGEST = 500  # characters of an expression; a longer one is no plain assignment
_MOST_METHODS = 20  # of a class that are followed


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b".model.db" not in module.content:
        return
    known = module.functions
    methods = methods_of(known)
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        change = _change(function) if function is not None else None
        if function is not None and change is not None and not _may_save(function, methods):
            run = methods.get((function.owner, "run"))
            if run is not None and any("save" in name for one, _ in run_from(known, [run]) for name, _ in one.calls()):
                continue  # a thread that saves what handlers change
            message = f"{printable(function.name)[:60]} changes self.model.db and does not save it"
            hint = "call self.model.save_db() behind the change"
            yield Diagnostic(
                module.path, span_of(module.text, change), message, hint, correction=_correction(module, function)
            )


def _correction(module: Module, function: Function) -> Correction | None:
    """A line that saves them behind the last change, if all changes are lines of one block."""
    statements = [statement_of(one) for one in _changes_in(function)]
    blocks = {one.parent.start_byte for one in statements if one.parent is not None}
    if len(blocks) != 1 or any(one.type not in ("expression_statement", "delete_statement") for one in statements):
        return None
    return unsafe_fix("Save the settings", line_behind(module, statements[-1], "self.model.save_db()"))


def _change(function: Function) -> Node | None:
    """The first change of the settings in a function."""
    return next(_changes_in(function), None)


def _changes_in(function: Function) -> Iterator[Node]:
    """The changes of the settings in a function, in their order."""
    parts = _parts(function)
    for node in function.of_kinds("assignment", "augmented_assignment", "delete_statement", "call"):
        if node.type in ("assignment", "augmented_assignment"):
            target = node.child_by_field_name("left")
            if target is not None and _is_part(target, parts, whole=node.type == "augmented_assignment"):
                yield target
        elif node.type == "delete_statement":
            inner = [one for given in node.named_children for one in (given, *given.named_children)]
            if any(one.type == "subscript" and _is_part(one, parts) for one in inner):
                yield node
        else:
            called = node.child_by_field_name("function")
            if called is not None and called.type == "attribute":
                owner = called.child_by_field_name("object")
                if text_of(called.child_by_field_name("attribute")) in _CHANGES and _is_part(owner, parts, whole=True):
                    yield node


def _parts(function: Function) -> set[str]:
    """The names that a function gives to the settings or to something in them, and to nothing else."""
    given: dict[str, list[bool]] = {}
    for node in function.of_kinds("assignment", "for_statement"):
        target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        if target is not None and target.type == "identifier":
            given.setdefault(text_of(target), []).append(_is_settings(value))
    return {name for name, found in given.items() if all(found)}


def _is_part(node: Node | None, parts: set[str], *, whole: bool = False) -> bool:
    """Whether something is the settings, or stands in them; a name alone only where the whole of it counts."""
    if node is None or _is_settings(node):
        return node is not None
    inner = node
    while inner.type == "subscript" and (value := inner.child_by_field_name("value")) is not None:
        inner = value
    return inner.type == "identifier" and (whole or inner is not node) and text_of(inner) in parts


def _is_settings(node: Node | None) -> bool:
    if node is None or node.type not in ("attribute", "subscript") or node.end_byte - node.start_byte > _LONGEST:
        return False
    return _SETTINGS.fullmatch(text_of(node)) is not None


def _may_save(function: Function, methods: dict[tuple[int, str], Function]) -> bool:
    """Whether a function may save the settings: by what it calls, or by another that gets hold of them."""
    todo, seen = [function], {function.node.start_byte}
    for one in todo:
        if not one.kinds.keys().isdisjoint(("function_definition", "lambda")):
            return True
        for name, call in one.calls():
            if _MAY_SAVE.fullmatch(name) or any(text_of(given) in ("self", "self.model") for given in _given(call)):
                return True
            head, _, rest = name.partition(".")
            if head == "self" and "." not in rest:
                method = methods.get((one.owner, rest))
                if method is None or len(seen) > _MOST_METHODS:
                    return True
                if method.node.start_byte not in seen:
                    seen.add(method.node.start_byte)
                    todo.append(method)
    return False


def _given(call: Node) -> list[Node]:
    places, names, _ = arguments(call)
    return [one for one in [*places, *names.values()] if one.end_byte - one.start_byte < 20]


RULE = Rule(code="BK317", name="unsaved-model", severity=Severity.WARNING, page=__doc__, check=check)
