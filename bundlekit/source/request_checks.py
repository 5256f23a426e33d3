"""What a handler asks of the data of a request: `message.data["x"]`, `.get("x")`, `isinstance`, comparisons, a schema
that it calls. Only what holds on every way to a good answer is taken; the rest is no constraint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bundlekit.source.expressions import UNSEEN, Expressions, ListExpression, Named
from bundlekit.source.functions import Function, arguments, comparison_parts, dotted_name
from bundlekit.source.modules import Module
from bundlekit.source.shape import (
    ANY,
    ARRAY,
    BOOLEAN,
    NO_DEFAULT,
    NUMBER,
    OBJECT,
    STRING,
    Branch,
    ObjectMember,
    Shape,
    kind_of,
    of_kinds,
    of_length,
    of_values,
    without_values,
)
from bundlekit.source.syntax import Scope, text_of
from bundlekit.source.voluptuous_calls import is_schema
from bundlekit.source.voluptuous_schemas import shape_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 20  # nested expressions and blocks
_LAZY = frozenset(
    {
        *("lambda", "list_comprehension", "dictionary_comprehension", "set_comprehension", "generator_expression"),
        *("function_definition", "class_definition", "decorated_definition"),
    }
)
_HARMLESS = re.compile(
    r"(?:isinstance|len|str|unicode|int|float|bool|repr|type|sorted|list|dict|set|tuple|any|all|min|max|sum|print|hasattr"
    r"|json\.dumps|simplejson\.dumps|copy\.deepcopy|copy\.copy|deepcopy|(?:.*\.)?(?:debug|info|warning|warn|error|log))"
)
_CHANGES = frozenset(
    {"pop", "popitem", "update", "setdefault", "clear", "append", "extend", "insert", "remove", "sort"}
)
_TYPES = {
    "dict": of_kinds(OBJECT),
    "list": of_kinds(ARRAY),
    "bool": of_kinds(BOOLEAN),
    "str": of_kinds(STRING),
    "unicode": of_kinds(STRING),
    "basestring": of_kinds(STRING),
    "six.string_types": of_kinds(STRING),
    "int": Shape((Branch(NUMBER, integer=True), Branch(BOOLEAN))),
    "long": Shape((Branch(NUMBER, integer=True), Branch(BOOLEAN))),
    "float": of_kinds(NUMBER),
    "numbers.Number": of_kinds(NUMBER, BOOLEAN),
    "numbers.Integral": Shape((Branch(NUMBER, integer=True), Branch(BOOLEAN))),
}
_TRUTHY = Shape(
    (
        Branch(OBJECT, shortest=1),
        Branch(ARRAY, shortest=1),
        Branch(STRING, shortest=1),
        Branch(NUMBER, excluded=(0,)),
        Branch(BOOLEAN, values=(True,)),
    )
)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=", "<>": "<>"}


@dataclass(frozen=True)
class _Ref:
    """A part of the data: the keys that lead to it, and what stands for it where it is missing."""

    path: tuple[str, ...]
    may_miss: bool = False
    default: Any = None


@dataclass
class _Known:
    """What is known of a part of the data."""

    shape: Shape = ANY
    required: bool = False
    default: Any = NO_DEFAULT
    members: dict[str, _Known] = field(default_factory=dict)

    def built(self) -> Shape:
        if not self.members:
            return self.shape
        members = tuple(
            ObjectMember(name, inner.built(), inner.required, inner.default) for name, inner in self.members.items()
        )
        own = Shape((Branch(OBJECT, members=members), *(one for one in ANY.branches if one.kind != OBJECT)))
        if any(branch.is_structured for branch in self.shape.of_kind(OBJECT)):
            return self.shape  # a schema says it better
        return self.shape & own


class RequestChecks:
    """Reads one handler.

    Args:
        expressions: of the bundle.
        module: with the handler.
        function: the handler.
    """

    def __init__(self, expressions: Expressions, module: Module, function: Function) -> None:
        self._expressions = expressions
        self._module = module
        self._function = function
        names = [text_of(one) for one in function.parameters if one.type == "identifier"]
        self._message, self._response = [*names[1:3], "", ""][:2]
        self._scope = _scope_of(module, function)
        self._known = _Known()
        self._refs: dict[str, _Ref] = {}
        self._is_over = False
        self.uses: list[tuple[str, Node]] = []  # keys of the data that are read, wherever it is

    def shape(self) -> Shape:
        """What a request has to be like so that the handler gives a good answer, as far as that can be seen."""
        if not self._message or self._function.decorators != 1 or self._scope is None:
            return ANY.inexact()
        self._walk(self._function.node.child_by_field_name("body"), 0)
        return self._known.built().inexact(same=True)

    def _walk(self, block: Node | None, depth: int) -> None:
        for node in _statements(block):
            if self._is_over or depth > _DEEPEST:
                self._is_over = True
                return
            self._statement(node, depth)

    def _statement(self, node: Node, depth: int) -> None:  # noqa: PLR0912 - a case for each kind of statement
        match node.type:
            case "expression_statement":
                inner = node.named_children[0] if node.named_children else None
                if inner is not None and inner.type in ("assignment", "augmented_assignment"):
                    self._assign(inner)
                else:
                    self._look(inner)
                    self._end_if(self._mentions(node, self._response))
            case "return_statement" | "raise_statement":
                if not self._is_refusal(node):
                    for one in node.named_children:
                        self._look(one)
                self._is_over = True
            case "if_statement":
                self._if(node, depth)
            case "try_statement":
                self._try(node, depth)
            case "with_statement":
                self._walk(node.child_by_field_name("body"), depth + 1)
            case "for_statement" | "while_statement":
                self._look(node.child_by_field_name("right"))
                self._end_if(self._may_leave(node) or self._may_change(node))
            case "pass_statement" | "print_statement" | "import_statement" | "import_from_statement":
                pass
            case "function_definition" | "decorated_definition" | "class_definition":
                self._end_if(self._mentions(node, self._message))
            case _:
                self._is_over = True

    def _end_if(self, condition: bool) -> None:
        self._is_over = self._is_over or condition

    def _if(self, node: Node, depth: int) -> None:
        condition = node.child_by_field_name("condition")
        self._look(condition)
        others = node.children_by_field_name("alternative")
        block = node.child_by_field_name("consequence")
        if self._refuses(block):
            self._deny(condition, 0)
            for other in others:  # what comes behind an elif is seen only where it does not leave
                self._end_if(self._may_leave(other) or self._may_change(other))
            return
        self._end_if(self._may_leave(node) or self._may_change(node))

    def _try(self, node: Node, depth: int) -> None:
        clauses = [one for one in node.named_children if one.type.startswith("except")]
        blocks = [next((inner for inner in one.named_children if inner.type == "block"), None) for one in clauses]
        if all(map(self._refuses, blocks)):
            self._walk(node.child_by_field_name("body"), depth + 1)
            rest = [one for one in node.named_children if one.type in ("else_clause", "finally_clause")]
            self._end_if(any(self._may_leave(one) or self._may_change(one) for one in rest))
        else:
            self._end_if(self._may_leave(node) or self._may_change(node))

    def _refuses(self, block: Node | None) -> bool:
        """Whether a block surely ends with a refusal."""
        statements = _statements(block)
        if not statements or any(self._may_change(one) for one in statements):
            return False
        if any(self._answers(one) for one in statements[:-1]) and not _is_bare_return(statements[-1]):
            return False
        if _is_bare_return(statements[-1]) and len(statements) > 1:
            return self._is_refusal(statements[-2])
        return self._is_refusal(statements[-1])

    def _is_refusal(self, node: Node) -> bool:
        """Whether a statement raises, or answers with a code of 400 and above."""
        if node.type == "raise_statement":
            return True
        call = node.named_children[0] if node.named_children else None
        if node.type not in ("return_statement", "expression_statement") or call is None or call.type != "call":
            return False
        if dotted_name(call.child_by_field_name("function")) != self._response:
            return False
        places, names, _ = arguments(call)
        code = names.get("code", places[0] if places else None)
        value = self._value(code)
        return isinstance(value, int) and value >= 400

    def _answers(self, node: Node) -> bool:
        return self._mentions(node, self._response)

    def _may_leave(self, node: Node) -> bool:
        """Whether something in it may answer or return, other than by a refusal."""
        todo = [node]
        for one in todo:
            if one.type in ("return_statement", "expression_statement") and self._is_refusal(one):
                continue
            if one.type == "return_statement" or (one.type == "identifier" and text_of(one) == self._response):
                return True
            if one.type not in ("function_definition", "lambda"):
                todo += one.named_children
        return False

    def _may_change(self, node: Node) -> bool:
        """Whether something in it may change the data, or give it to what may."""
        todo = [node]
        for one in todo:
            if one.type in ("assignment", "augmented_assignment"):
                left = one.child_by_field_name("left")
                if left is not None and (self._is_about_data(left) or self._ref(one.child_by_field_name("right"))):
                    return True
            if one.type == "call" and self._gives_away(one):
                return True
            if one.type == "delete_statement" and self._is_about_data(one):
                return True
            todo += one.named_children
        return False

    def _is_about_data(self, node: Node) -> bool:
        words = set(re.findall(r"\w+", text_of(node)))
        return self._message in words or not words.isdisjoint(self._refs)

    def _gives_away(self, call: Node) -> bool:
        """Whether a call may change the data as a whole."""
        function = call.child_by_field_name("function")
        name = dotted_name(function)
        if function is not None and function.type == "attribute":
            method = text_of(function.child_by_field_name("attribute"))
            if method in _CHANGES and self._ref(function.child_by_field_name("object")):
                return True
        places, names, is_open = arguments(call)
        if name == self._response or (name and _HARMLESS.fullmatch(name)):
            return False
        if is_schema(self._value(function)):
            return False
        given = [*places, *names.values()]
        if is_open:
            return self._is_about_data(call)
        return any(text_of(one) == self._message or self._ref(one) is not None for one in given)

    def _mentions(self, node: Node, name: str) -> bool:
        return bool(name) and re.search(rf"(?<![\w.]){re.escape(name)}\b", text_of(node)) is not None

    def _assign(self, node: Node) -> None:
        target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        self._look(value)
        if target is None or self._is_over:
            return
        if target.type == "identifier" and node.type == "assignment":
            ref = self._ref(value) or self._checked(value)
            self._refs.pop(text_of(target), None)
            if ref is not None:
                self._refs[text_of(target)] = ref
            self._end_if(self._mentions(target, self._message))
        else:
            self._end_if(self._is_about_data(target))
        self._end_if(value is not None and self._mentions(value, self._response))

    def _checked(self, node: Node | None) -> _Ref | None:
        """The data behind a schema that gives it back as it was: `data = SCHEMA(message.data)`."""
        if node is None or node.type != "call":
            return None
        places, _, _ = arguments(node)
        schema = self._value(node.child_by_field_name("function"))
        if len(places) != 1 or not is_schema(schema) or not shape_of(schema).same:
            return None
        return self._ref(places[0])

    def _value(self, node: Node | None) -> Any:
        return self._expressions.read(node, self._scope, self._module) if node is not None and self._scope else UNSEEN

    def _ref(self, node: Node | None, depth: int = 0) -> _Ref | None:
        """The part of the data that an expression is."""
        if node is None or depth > _DEEPEST:
            return None
        match node.type:
            case "identifier":
                return self._refs.get(text_of(node))
            case "attribute":
                return _Ref(()) if dotted_name(node) == f"{self._message}.data" else None
            case "parenthesized_expression":
                return self._ref(node.named_children[0], depth + 1) if node.named_children else None
            case "subscript":
                owner = self._ref(node.child_by_field_name("value"), depth + 1)
                key = self._value(node.child_by_field_name("subscript"))
                return _Ref((*owner.path, key)) if owner is not None and isinstance(key, str) else None
            case "call":
                function = node.child_by_field_name("function")
                if function is None or text_of(function.child_by_field_name("attribute")) != "get":
                    return None
                owner = self._ref(function.child_by_field_name("object"), depth + 1)
                places, names, _ = arguments(node)
                key = self._value(places[0]) if places else UNSEEN
                if owner is None or not isinstance(key, str) or names:
                    return None
                default = self._value(places[1]) if len(places) > 1 else None
                return _Ref((*owner.path, key), may_miss=True, default=default)
            case _:
                return None

    def _look(self, node: Node | None, depth: int = 0) -> None:
        """Note what an expression that is surely evaluated needs."""
        if node is None or node.type in _LAZY or self._is_over:
            return
        if depth > _DEEPEST:
            self._is_over = True
            return
        if node.type == "conditional_expression":
            inner = node.named_children[1:2]
        elif node.type == "boolean_operator":
            inner = node.named_children[:1]
        else:
            inner = node.named_children
        for one in inner:
            self._look(one, depth + 1)
        if node.type == "subscript":
            self._need(node)
        elif node.type == "call":
            self._call(node)

    def _need(self, node: Node) -> None:
        ref = self._ref(node)
        owner = self._ref(node.child_by_field_name("value"))
        if ref is None or owner is None:
            return
        self._narrow(owner, of_kinds(OBJECT))
        self._at(ref.path).required = True

    def _call(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        places, _, _ = arguments(node)
        ref = self._ref(node)
        if ref is not None and function is not None:
            owner = self._ref(function.child_by_field_name("object"))
            if owner is not None:
                self._narrow(owner, of_kinds(OBJECT))
            known = self._at(ref.path)
            if not known.required and ref.default not in (None, UNSEEN) and _is_plain(ref.default):
                known.default = ref.default
            return
        first = self._ref(places[0]) if len(places) == 1 else None
        if first is not None:
            callee = self._value(function)
            if is_schema(callee):
                self._narrow(first, shape_of(callee))
            elif isinstance(callee, Named) and callee.name in ("int", "float", "long"):
                self._narrow(first, of_kinds(NUMBER, BOOLEAN, STRING))
        self._end_if(self._gives_away(node))

    def _at(self, path: tuple[str, ...]) -> _Known:
        known = self._known
        for key in path:
            known = known.members.setdefault(key, _Known())
        return known

    def _narrow(self, ref: _Ref, shape: Shape, *, if_there: bool = False) -> None:
        """A part of the data has to be of a shape; `if_there`: unless it is missing."""
        known = self._at(ref.path)
        known.shape = replace(known.shape, same=True) & replace(shape, same=True)
        if ref.may_miss and not if_there and ref.default is not UNSEEN:
            kind = kind_of(ref.default) if _is_plain(ref.default) else ""
            known.required |= ref.default is None and bool(kind) and kind not in shape.kinds()

    def _deny(self, node: Node | None, depth: int, *, if_there: str = "") -> None:
        """A request for which a condition is true is refused."""
        if node is None or depth > _DEEPEST:
            return
        if node.type == "parenthesized_expression":
            self._deny(node.named_children[0] if node.named_children else None, depth + 1, if_there=if_there)
        elif node.type == "boolean_operator":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if text_of(node.child_by_field_name("operator")) == "or":
                self._deny(left, depth + 1, if_there=if_there)
                self._deny(right, depth + 1, if_there=if_there)
            elif not if_there:
                key = self._asked(left)
                if key is not None:
                    self._deny(right, depth + 1, if_there="/".join(key.path) or "/")
        elif node.type == "not_operator":
            self._demand(node.child_by_field_name("argument"), if_there)
        elif node.type == "comparison_operator":
            self._compare(node, if_there, is_denied=True)

    def _asked(self, node: Node | None) -> _Ref | None:
        """The part of the data of `"x" in data`."""
        if node is None or node.type != "comparison_operator":
            return None
        operators, sides = comparison_parts(node)
        if operators != ["in"] or len(sides) != 2:
            return None
        key, owner = self._value(sides[0]), self._ref(sides[1])
        return _Ref((*owner.path, key)) if owner is not None and isinstance(key, str) else None

    def _demand(self, node: Node | None, if_there: str) -> None:
        """A request for which a condition is false is refused."""
        while node is not None and node.type == "parenthesized_expression" and node.named_children:
            node = node.named_children[0]
        if node is None:
            return
        if node.type == "comparison_operator":
            self._compare(node, if_there, is_denied=False)
        elif node.type == "boolean_operator" and text_of(node.child_by_field_name("operator")) == "and":
            self._demand(node.child_by_field_name("left"), if_there)
            self._demand(node.child_by_field_name("right"), if_there)
        elif node.type == "call" and dotted_name(node.child_by_field_name("function")) == "isinstance":
            places, _, _ = arguments(node)
            ref = self._ref(places[0]) if len(places) == 2 else None
            shape = self._types(self._value(places[1])) if ref is not None else None
            if ref is not None and shape is not None:
                self._apply(ref, shape, if_there)
        else:
            ref = self._ref(node)
            if ref is not None:
                self._apply(ref, _TRUTHY, if_there)

    def _types(self, value: Any) -> Shape | None:
        """What isinstance lets through; None where that cannot be seen."""
        names = value.items if isinstance(value, ListExpression) else (value,)
        shapes = [_TYPES.get(one.name) if isinstance(one, Named) else None for one in names]
        found = Shape(())
        for shape in shapes:
            if shape is None:
                return None
            found = found | shape
        return found

    def _apply(self, ref: _Ref, shape: Shape, if_there: str) -> None:
        if if_there and (ref.path[: len(if_there.split("/"))] != tuple(if_there.split("/")) or if_there == "/"):
            return
        self._narrow(ref, shape, if_there=bool(if_there))

    def _compare(self, node: Node, if_there: str, *, is_denied: bool) -> None:
        operators, sides = comparison_parts(node)
        if len(sides) == 3 and len(operators) == 2 and not is_denied:  # not (1 <= x <= 5)
            for pair in ((sides[0], operators[0], sides[1]), (sides[1], operators[1], sides[2])):
                self._pair(*pair, if_there, is_denied=False)
        elif len(sides) == 2 and len(operators) == 1:
            self._pair(sides[0], operators[0], sides[1], if_there, is_denied=is_denied)

    def _pair(self, left: Node, sign: str, right: Node, if_there: str, *, is_denied: bool) -> None:
        sign = " ".join(sign.split())
        if sign in ("in", "not in"):
            self._membership(left, right, if_there, is_needed=(sign == "not in") == is_denied)
            return
        if self._ref(left) is None and self._length_of(left) is None and sign in _MIRRORED:
            left, right, sign = right, left, _MIRRORED[sign]
        value = self._value(right)
        ref = self._ref(left)
        if ref is not None:
            shape = _compared(sign, value, is_denied=is_denied)
            if shape is not None:
                self._apply(ref, shape, if_there)
        elif (ref := self._length_of(left)) is not None and type(value) is int:
            shape = _of_length(sign, value, is_denied=is_denied)
            if shape is not None:
                self._apply(ref, shape, if_there)

    def _length_of(self, node: Node) -> _Ref | None:
        if node.type != "call" or dotted_name(node.child_by_field_name("function")) != "len":
            return None
        places, _, _ = arguments(node)
        return self._ref(places[0]) if len(places) == 1 else None

    def _membership(self, left: Node, right: Node, if_there: str, *, is_needed: bool) -> None:
        owner, ref = self._ref(right), self._ref(left)
        if owner is not None:
            key = self._value(left)
            if isinstance(key, str) and is_needed and not if_there:
                self._at((*owner.path, key)).required = True
            return
        container = self._value(right)
        if ref is None or not isinstance(container, ListExpression) or not all(map(_is_plain, container.items)):
            return
        self._apply(ref, of_values(container.items) if is_needed else without_values(container.items), if_there)


def _compared(sign: str, value: Any, *, is_denied: bool) -> Shape | None:
    """What a comparison with a value lets through."""
    if sign in ("is", "is not", "==", "!=", "<>"):
        if not _is_plain(value) or (sign.startswith("is") and value is not None):
            return None
        is_equal = (sign in ("is", "==")) != is_denied
        return of_values([value]) if is_equal else without_values([value])
    if sign not in _MIRRORED or not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if is_denied:
        sign = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[sign]
    kept = [
        {
            ">=": Branch(NUMBER, minimum=value),
            ">": Branch(NUMBER, above=value),
            "<=": Branch(NUMBER, maximum=value),
            "<": Branch(NUMBER, below=value),
        }[sign]
    ]
    tests = {">=": float.__ge__, ">": float.__gt__, "<=": float.__le__, "<": float.__lt__}
    booleans = tuple(one for one in (False, True) if tests[sign](float(one), float(value)))
    kept += [Branch(BOOLEAN, values=booleans if len(booleans) < 2 else None)] if booleans else []
    others = [branch for branch in ANY.branches if branch.kind not in (NUMBER, BOOLEAN)]
    return Shape((*kept, *others))  # Python 2 compares numbers with everything


def _of_length(sign: str, value: int, *, is_denied: bool) -> Shape | None:
    if is_denied:
        sign = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}.get(sign, "")
    low = {">=": value, ">": value + 1, "==": value}.get(sign)
    high = {"<=": value, "<": value - 1, "==": value}.get(sign)
    if sign == "!=" and value == 0:
        low = 1
    if low is None and high is None:
        return None
    return of_length(low, high)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_bare_return(node: Node) -> bool:
    return node.type == "return_statement" and not node.named_children


def _statements(block: Node | None) -> list[Node]:
    return [one for one in block.named_children if one.type != "comment"] if block is not None else []


def _scope_of(module: Module, function: Function) -> Scope | None:
    return scopes_of(module).get(function.node.start_byte)


def scopes_of(module: Module) -> dict[int, Scope]:
    """The scopes of the functions of a module, by where they start."""
    return {scope.node.start_byte: scope for scope in _all_scopes(module) if scope.node is not None}


def _all_scopes(module: Module) -> Iterator[Scope]:
    seen: set[int] = set()
    for scope in module.python.scopes:
        if id(scope) not in seen:
            seen.add(id(scope))
            yield scope
