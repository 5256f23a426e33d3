"""An exception object is sent as data.

Why: Data is sent as JSON, and an exception cannot be written as JSON. If `response(...)` gets an exception, it fails
before anything is sent: the client gets 500 and "Internal Error." instead of the intended code and message.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the answer is 500, and the log has `TypeError: ValueError(...) is not
JSON serializable`.

Fix (safe): sends the text of the exception; as the value of `message` if it was all of the data.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                try:
                    value = int(message.data.get("value", "none"))
                except ValueError as e:
                    return response(code=400, data={"message": e})
                return response(code=200, data={"value": value})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                try:
                    value = int(message.data.get("value", "none"))
                except ValueError as e:
                    return response(code=400, data={"message": str(e)})
                return response(code=200, data={"value": value})
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, dotted_name, is_in
from bundlekit.source.modules import Module
from bundlekit.source.python_3_names import binds, bound_names
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PUBLISHES = re.compile(r"self\.publish(?:\.direct|\.event)?\.(?:get|post|put|delete)")
_CONTAINERS = frozenset({"dictionary", "list", "parenthesized_expression", "tuple"})
_MOST = 200  # nodes, so that a hostile function takes no long


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or "except_clause" not in module.python.kinds:
        return
    answers = {function.node.start_byte: name for function, name in inspection.answering}
    for function in module.functions.values():
        clauses = function.of_kinds("except_clause")
        if clauses:
            yield from _in_function(module, function, clauses[:_MOST], answers.get(function.node.start_byte, ""))


def _in_function(module: Module, function: Function, clauses: list[Node], response: str) -> Iterator[Diagnostic]:
    for clause in clauses:
        name = _caught(clause)
        if not name or any(map(binds, _inside(module, clause, name))):
            continue
        for called, call in function.calls():
            if is_in(call, clause) and (called == response or _PUBLISHES.fullmatch(called)):
                for node in _sent(call, name):
                    message = f"{printable(name)[:60]} is an exception, which has no form in JSON: the client gets 500"
                    yield Diagnostic(
                        module.path,
                        span_of(module.text, node),
                        message,
                        f"write str({printable(name)[:60]})",
                        correction=_correction(module, node, name),
                    )


def _inside(module: Module, clause: Node, name: str) -> Iterator[Node]:
    """Where a name is spelled in the block of an `except`."""
    block = next((one for one in clause.named_children if one.type == "block"), clause)
    found = module.python.spelled.get(name, [])
    first = bisect_left(found, block.start_byte, key=lambda one: one.start_byte)
    return takewhile(lambda one: is_in(one, block), islice(found, first, None))


def _caught(clause: Node) -> str:
    """The name of what an `except` catches; empty where it has none."""
    values = clause.children_by_field_name("value")
    target = values[1] if len(values) > 1 else None
    if values and values[0].type == "as_pattern":
        alias = values[0].child_by_field_name("alias")
        target = alias.named_children[0] if alias is not None and len(alias.named_children) == 1 else None
    return text_of(target) if target is not None and target.type == "identifier" else ""


def _sent(call: Node, name: str) -> Iterator[Node]:
    """The places in the data of a call where a name stands as a value, and nothing is made of it."""
    places, names, _ = arguments(call)
    # response(code, data) and publish.put(resource, data) have it at the same place
    todo = [given] if (given := names.get("data") or (places[1] if len(places) > 1 else None)) is not None else []
    for node in todo:
        if node.type == "identifier" and text_of(node) == name:
            yield node
        elif node.type == "call" and dotted_name(node.child_by_field_name("function")) == "dict":
            todo += arguments(node)[1].values()
        elif node.type == "pair":
            todo += node.children_by_field_name("value")
        elif node.type in _CONTAINERS and len(todo) < _MOST:
            todo += node.named_children


def _correction(module: Module, node: Node, name: str) -> Correction | None:
    """Its text in its place; an answer whose whole data it is gets an object with a message, as the SDK's own have."""
    names = {"str", "unicode"}
    if names & module.python.module.bindings.keys() or bound_names(module, names):
        return None
    is_whole = node.parent is not None and node.parent.type in ("keyword_argument", "argument_list")
    is_whole = is_whole and not (node.parent is not None and _is_of_dict(node.parent))
    text = f'{{"message": str({name})}}' if is_whole else f"str({name})"
    return safe_fix(f"Write {printable(text)[:100]}", [replaced(module, node, text)])


def _is_of_dict(argument: Node) -> bool:
    """Whether an argument is one of `dict(...)`."""
    call = argument.parent.parent if argument.parent is not None else None
    return call is not None and dotted_name(call.child_by_field_name("function")) == "dict"


RULE = Rule(code="BK337", name="exception-as-data", severity=Severity.ERROR, page=__doc__, check=check)
