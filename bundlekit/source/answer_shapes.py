"""What a handler answers: the shapes of the data of its good answers, as far as they can be seen."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bundlekit.source.expressions import UNSEEN, Expressions
from bundlekit.source.functions import Function, arguments, dotted_name
from bundlekit.source.modules import Module
from bundlekit.source.request_checks import scopes_of
from bundlekit.source.shape import (
    ANY,
    ARRAY,
    BOOLEAN,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    Branch,
    ObjectMember,
    Shape,
    of_kinds,
)
from bundlekit.source.syntax import Scope, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 12  # nested expressions and names
_MOST_ANSWERS = 30  # of a handler; beyond them nothing is said
_INTEGER = Shape((Branch(NUMBER, integer=True),))
_SIMPLE = {
    "string": of_kinds(STRING),
    "concatenated_string": of_kinds(STRING),
    "integer": _INTEGER,
    "float": of_kinds(NUMBER),
    "true": of_kinds(BOOLEAN),
    "false": of_kinds(BOOLEAN),
    "none": of_kinds(NULL),
    "not_operator": of_kinds(BOOLEAN),
    "list_comprehension": of_kinds(ARRAY),
    "dictionary_comprehension": of_kinds(OBJECT),
}
_CALLS = {
    "len": _INTEGER,
    "str": of_kinds(STRING),
    "int": _INTEGER,
    "bool": of_kinds(BOOLEAN),
    "isinstance": of_kinds(BOOLEAN),
    "list": of_kinds(ARRAY),
    "sorted": of_kinds(ARRAY),
    "dict": of_kinds(OBJECT),
}


def answer_shape(expressions: Expressions, module: Module, function: Function) -> Shape:
    """The shape of the data of a handler's good answers; all values where that cannot be seen.

    Args:
        expressions: of the bundle.
        module: with the handler.
        function: the handler.
    """
    if len(function.parameters) < 3 or function.parameters[2].type != "identifier" or function.node.has_error:
        return ANY.inexact()
    name = text_of(function.parameters[2])
    calls = [call for called, call in function.calls() if called == name]
    body = text_of(function.node.child_by_field_name("body"))
    mentions = len(re.findall(rf"(?<![\w.\"'/]){re.escape(name)}\b(?!\s*[\"'])", re.sub(r"#.*", "", body)))
    scope = scopes_of(module).get(function.node.start_byte)
    if mentions != len(calls) or not 0 < len(calls) <= _MOST_ANSWERS or scope is None or function.decorators != 1:
        return ANY.inexact()  # something else may answer
    reader = _Reader(expressions, module, function, scope)
    found = Shape(())
    for call in calls:
        places, names, is_open = arguments(call)
        if is_open:
            return ANY.inexact()
        code = names.get("code", places[0] if places else None)
        value = expressions.read(code, scope, module) if code is not None else 200
        if isinstance(value, int) and not 200 <= value < 300:
            continue
        data = names.get("data", places[1] if len(places) > 1 else None)
        found = found | (reader.shape(data) if data is not None else of_kinds(NULL))
    return found if found.branches else ANY.inexact()


class _Reader:
    def __init__(self, expressions: Expressions, module: Module, function: Function, scope: Scope) -> None:
        self._expressions = expressions
        self._module = module
        self._scope = scope
        self._function = function
        self._body = text_of(function.node.child_by_field_name("body"))

    def shape(self, node: Node, depth: int = 0) -> Shape:
        """The shape of what an expression comes to."""
        if depth > _DEEPEST:
            return ANY.inexact()
        if node.type in _SIMPLE:
            return _SIMPLE[node.type]
        match node.type:
            case "comparison_operator":
                return of_kinds(BOOLEAN)
            case "parenthesized_expression" if len(node.named_children) == 1:
                return self.shape(node.named_children[0], depth + 1)
            case "dictionary":
                return self._object(node, depth)
            case "list":
                return self._list(node, depth)
            case "conditional_expression" if len(node.named_children) == 3:
                first, _, last = node.named_children
                return self.shape(first, depth + 1) | self.shape(last, depth + 1)
            case "binary_operator":
                left = node.child_by_field_name("left")
                is_text = (
                    left is not None and left.type == "string" and text_of(node.child_by_field_name("operator")) == "%"
                )
                return of_kinds(STRING) if is_text else ANY.inexact()
            case "call":
                return self._call(node)
            case "identifier":
                return self._name(text_of(node), depth)
            case _:
                return ANY.inexact()

    def _object(self, node: Node, depth: int) -> Shape:
        members: dict[str, ObjectMember] = {}
        for one in node.named_children:
            if one.type == "comment":
                continue
            key = one.child_by_field_name("key") if one.type == "pair" else None
            value = one.child_by_field_name("value")
            name: Any = self._expressions.read(key, self._scope, self._module) if key is not None else UNSEEN
            if not isinstance(name, str) or value is None:
                return of_kinds(OBJECT)  # another key may come again under one of these names
            members[name] = ObjectMember(name, self.shape(value, depth + 1), required=True)
        return Shape((Branch(OBJECT, members=tuple(members.values())),))

    def _list(self, node: Node, depth: int) -> Shape:
        items = Shape(())
        for one in node.named_children:
            if one.type != "comment":
                items = items | (ANY.inexact() if "splat" in one.type else self.shape(one, depth + 1))
        return Shape((Branch(ARRAY, items=items if items.branches else None),))

    def _call(self, node: Node) -> Shape:
        function = node.child_by_field_name("function")
        if function is not None and function.type == "attribute":
            owner = function.child_by_field_name("object")
            is_text = owner is not None and owner.type == "string"
            method = text_of(function.child_by_field_name("attribute"))
            return of_kinds(STRING) if is_text and method in ("format", "join") else ANY.inexact()
        name = dotted_name(function)
        is_own = name in self._module.python.module.bindings or name in self._scope.bindings
        return _CALLS[name] if name in _CALLS and not is_own else ANY.inexact()

    def _name(self, name: str, depth: int) -> Shape:
        """What a name of the function stands for, if that is given once and is no parameter."""
        bound = self._scope.bindings.get(name, [])
        if len(bound) != 1 or bound[0] is None or any(text_of(one) == name for one in self._function.parameters):
            return ANY.inexact()
        found = self.shape(bound[0], depth + 1)
        uses = re.findall(rf"(?<![\w.]){re.escape(name)}\b\s*(?:[\[.,)]|\+=)", self._body)
        if len(uses) > 1 or len(re.findall(rf"(?<![\w.]){re.escape(name)}\b", self._body)) > 2:
            return _of_same_kind(found)  # something may have changed what is in it
        return found


def _of_same_kind(shape: Shape) -> Shape:
    """A shape that says no more than the types; what a list or an object has in it may be changed."""
    return Shape(tuple(replace(Branch(one.kind), integer=one.integer) for one in shape.branches))
