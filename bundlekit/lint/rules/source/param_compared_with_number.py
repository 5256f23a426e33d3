"""A parameter of the path is compared with a number.

Why: The SDK takes text from the path: `message.param["id"]` of `/rooms/1` is "1". Python 2.7 compares text with a
number without an error: they are never equal, and text is greater than any number.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a `GET /rooms/1` finds `message.param["id"] == 1` false, and Python
finds `"1" > 5` true.

Fix (unsafe): compares it with the text of the number, if the number is a plain one and is tested for equality. The
request that has that text is answered in another way then.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:id"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/rooms/:id")
            def get(self, message, response):
                if message.param["id"] == 1:
                    return response(code=200, data={"name": "kitchen"})
                return response(code=404, data={"message": "there is no such room"})

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:id"}]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/rooms/:id")
            def get(self, message, response):
                if message.param["id"] == "1":
                    return response(code=200, data={"name": "kitchen"})
                return response(code=404, data={"message": "there is no such room"})
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, comparison_parts, dotted_name
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NUMBERS = frozenset({"integer", "float"})
_LISTS = frozenset({"list", "set", "tuple"})
_PLAIN = re.compile(r"0|[1-9]\d*")
_EQUAL = frozenset({"!=", "==", "<>", "in", "not in"})
_ORDER = frozenset({"<", "<=", ">", ">="})


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b".param" not in module.content:
        return
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, module.functions)
        if function is None or len(function.parameters) < 2:
            continue
        params = _Params(module, function)
        for node in function.of_kinds("comparison_operator"):
            yield from params.compared(node)


class _Params:
    """What a handler has of its path, and the numbers that it compares it with."""

    def __init__(self, module: Module, function: Function) -> None:
        self._module = module
        self._message = text_of(function.parameters[1])
        given: dict[str, list[Node | None]] = {}
        self._is_changed = False
        for node in function.of_kinds("assignment", "augmented_assignment", "for_statement"):
            target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
            for one in [target, *target.named_children] if target is not None else ():
                given.setdefault(text_of(one), []).append(value if node.type == "assignment" else None)
            self._is_changed |= text_of(target).startswith(f"{self._message}.param")
        self._own = given.keys() | {text_of(one) for one in function.parameters}
        self._names = {name for name, values in given.items() if len(values) == 1 and self._is_part(values[0])}

    def compared(self, node: Node) -> Iterator[Diagnostic]:
        """The fault of a comparison, if it is one of two things and has one."""
        operators, sides = comparison_parts(node)
        if self._is_changed or len(operators) != 1 or len(sides) != 2:
            return
        left, right = sides
        if self._is_param(left):
            numbers = self._numbers(right, operators[0])
        elif self._is_param(right) and operators[0] not in ("in", "not in"):
            left, right = right, left
            numbers = self._numbers(right, operators[0])
        else:
            return
        if numbers is not None:
            written = " ".join(text_of(right).split())
            message = f"{printable(text_of(left))[:60]} is text, and is compared with {printable(written)[:60]}"
            hint = f"write int({printable(text_of(left))[:60]}), with an answer for text that is not a number"
            correction = None
            if operators[0] in _EQUAL and numbers and all(_PLAIN.fullmatch(text_of(one)) for one in numbers):
                hint = f'compare it with text, such as "{text_of(numbers[0])}"'
                edits = [replaced(self._module, one, f'"{text_of(one)}"') for one in numbers]
                correction = unsafe_fix(f'Compare it with text: "{text_of(numbers[0])}"', edits)
            place = span_of(self._module.text, node)
            yield Diagnostic(self._module.path, place, message, hint, correction=correction)

    def _numbers(self, node: Node, operator: str) -> list[Node] | None:
        """The numbers that something is, or lists; empty where they stand elsewhere; None for something else."""
        while node.type == "parenthesized_expression" and len(node.named_children) == 1:
            node = node.named_children[0]
        if operator in ("in", "not in"):
            if node.type == "call" and text_of(node.child_by_field_name("function")) in ("range", "xrange"):
                return []
            items = [one for one in node.named_children if one.type != "comment"] if node.type in _LISTS else []
            return items if items and all(one.type in _NUMBERS for one in items) else None
        if operator not in _EQUAL | _ORDER:
            return None
        if node.type in _NUMBERS:
            return [node]
        if node.type == "unary_operator":
            return [] if node.named_children and node.named_children[-1].type in _NUMBERS else None
        if node.type == "identifier":
            bound = self._module.python.module.bindings.get(text_of(node), [])
            is_number = len(bound) == 1 and bound[0] is not None and bound[0].type in _NUMBERS
            return [] if is_number and text_of(node) not in self._own else None
        if node.type == "call" and text_of(node.child_by_field_name("function")) in ("int", "len", "float", "long"):
            return []
        return None

    def _is_param(self, node: Node) -> bool:
        return self._is_part(node) or (node.type == "identifier" and text_of(node) in self._names)

    def _is_part(self, node: Node | None) -> bool:
        """Whether something is `message.param["id"]`, or `message.param.get("id")`."""
        if node is None:
            return False
        if node.type == "subscript":
            return dotted_name(node.child_by_field_name("value")) == f"{self._message}.param"
        if node.type == "call":
            places, names, _ = arguments(node)
            is_get = dotted_name(node.child_by_field_name("function")) == f"{self._message}.param.get"
            return is_get and len(places) == 1 and not names
        return False


RULE = Rule(code="BK336", name="param-compared-with-number", severity=Severity.WARNING, page=__doc__, check=check)
