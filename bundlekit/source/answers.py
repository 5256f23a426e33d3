"""The answers of a handler after which every way goes on to another answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from bundlekit.source.functions import Function, arguments, dotted_name
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ANSWERS, _FALLS, _LEAVES, _BREAKS, _CONTINUES = "answers", "falls", "leaves", "breaks", "continues"
_EXITS = re.compile(r"(?:sys\s*\.\s*|os\s*\.\s*_)?exit\b")
_DEEPEST = 40  # nested statements; Python ends at 100 levels of indentation
_MOST = 100  # answers of a function; for each, all statements after it are visited
_CLAUSES = ("except_clause", "except_group_clause")

Outcomes = frozenset[str]
After = Callable[[], Outcomes]
_NOTHING: Outcomes = frozenset()


class AnswerPaths:
    """Follows the ways through a function; what an exception does beside them is not followed.

    Args:
        name: what the function calls to answer.
        methods: those of its class, by name; one that is given `name` and surely calls it is an answer, too.
    """

    def __init__(self, name: str, methods: dict[str, Function] | None = None) -> None:
        self._name = name
        self._methods = methods or {}
        self._sure: dict[tuple[str, int], bool] = {}
        self._outcomes: dict[int, Outcomes] = {}
        self._repeated: list[tuple[Node, Node]] = []
        self._tried = 0

    def repeated(self, body: Node) -> list[tuple[Node, Node]]:
        """The answers in a function's body after which there is surely another one, each with the next in the text."""
        self._repeated, self._tried = [], 0
        self._visit(_statements(body), lambda: _only(_FALLS), {}, 0)
        return self._repeated

    def is_sure(self, body: Node) -> bool:
        """Whether every way through a function's body answers."""
        return self._sequence(_statements(body), lambda: _only(_FALLS), {}) == _only(_ANSWERS)

    def _visit(self, statements: Sequence[Node], after: After, jumps: dict[str, After], depth: int) -> None:
        if depth > _DEEPEST:
            return
        for index, node in enumerate(statements):
            rest = self._later(statements, after, jumps, index + 1)
            if node.type == "expression_statement" and self._answer(node):
                self._tried += 1
                if self._tried <= _MOST and rest() == _only(_ANSWERS):
                    self._repeated.append((node, self._next(statements[index + 1 :], node)))
            elif node.type in ("for_statement", "while_statement"):
                again = self._later(_statements(_alternative(node)), rest, jumps)
                inside = {_BREAKS: rest, _CONTINUES: again}
                self._visit(_statements(node.child_by_field_name("body")), again, inside, depth + 1)
                self._visit(_statements(_alternative(node)), rest, jumps, depth + 1)
            elif node.type == "try_statement":
                self._visit_try(node, rest, jumps, depth)
            elif node.type in ("if_statement", "with_statement"):
                for block in _blocks(node):
                    self._visit(_statements(block), rest, jumps, depth + 1)

    def _visit_try(self, node: Node, rest: After, jumps: dict[str, After], depth: int) -> None:
        body, otherwise, handlers, last = _try_parts(node)
        ending = self._later(last, rest, jumps)
        self._visit(body, self._later(otherwise, ending, jumps), jumps, depth + 1)
        for statements in (otherwise, *handlers):
            self._visit(statements, ending, jumps, depth + 1)
        self._visit(last, rest, jumps, depth + 1)

    def _next(self, statements: Sequence[Node], node: Node) -> Node:
        """An answer behind another one: in the same block if there is one, for whoever reads it."""
        return next((one for one in statements if _ANSWERS in self._outcome(one)), node)

    def _later(self, statements: Sequence[Node], after: After, jumps: dict[str, After], start: int = 0) -> After:
        """What becomes of some statements, looked at once: many ways lead to what stands behind nested loops."""
        return cache(lambda: self._sequence(statements[start:], after, jumps))

    def _sequence(self, statements: Sequence[Node], after: After, jumps: dict[str, After], depth: int = 0) -> Outcomes:
        found: set[str] = set()
        for node in statements:
            outcomes = self._outcome(node, depth)
            for jump in outcomes & jumps.keys():
                found |= jumps[jump]()
            found |= outcomes - jumps.keys() - {_FALLS}
            if _FALLS not in outcomes:
                return frozenset(found)
        return frozenset(found) | after()

    def _block(self, statements: Sequence[Node], depth: int) -> Outcomes:
        return self._sequence(statements, lambda: _only(_FALLS), {}, depth + 1)

    def _outcome(self, node: Node, depth: int = 0) -> Outcomes:
        """How a statement can end, looked at once."""
        if node.id not in self._outcomes:
            self._outcomes[node.id] = self._outcome_of(node, depth)
        return self._outcomes[node.id]

    def _outcome_of(self, node: Node, depth: int) -> Outcomes:
        if depth > _DEEPEST:
            return _only(_LEAVES)
        match node.type:
            case "return_statement":
                return _only(_ANSWERS if self._answer(node) else _LEAVES)
            case "raise_statement":
                return _only(_LEAVES)
            case "break_statement":
                return _only(_BREAKS)
            case "continue_statement":
                return _only(_CONTINUES)
            case "expression_statement":
                if self._answer(node):
                    return _only(_ANSWERS)
                return _only(_LEAVES if _EXITS.match(text_of(node)) else _FALLS)
            case "if_statement":
                branches = [self._block(_statements(block), depth) for block in _blocks(node)]
                has_else = any(one.type == "else_clause" for one in node.named_children)
                return _NOTHING.union(*branches, () if has_else else (_FALLS,))
            case "with_statement":
                return self._block(_statements(node.child_by_field_name("body")), depth)
            case "for_statement" | "while_statement":
                return self._loop(node, depth)
            case "try_statement":
                return self._try(node, depth)
            case _:
                return _only(_FALLS)

    def _loop(self, node: Node, depth: int) -> Outcomes:
        inside = self._block(_statements(node.child_by_field_name("body")), depth)
        condition = node.child_by_field_name("condition")
        endless = condition is not None and text_of(condition) in ("True", "1")
        found = inside - {_FALLS, _BREAKS, _CONTINUES}
        if not endless:
            found |= self._block(_statements(_alternative(node)), depth)
        return found | (_only(_FALLS) if _BREAKS in inside else _NOTHING)

    def _try(self, node: Node, depth: int) -> Outcomes:
        body, otherwise, handlers, last = _try_parts(node)
        ending = self._block(last, depth)
        if ending == _only(_ANSWERS):
            return ending
        found = self._sequence(body, lambda: self._block(otherwise, depth), {}, depth + 1)
        found = found.union(*(self._block(one, depth) for one in handlers))
        return found - {_FALLS} | ending if _FALLS in found else found

    def _answer(self, statement: Node) -> bool:
        """Whether a statement is nothing but an answer: `response(...)`, by itself, returned or kept under a name."""
        inner = statement.named_children[0] if len(statement.named_children) == 1 else None
        if inner is not None and inner.type == "assignment":
            inner = inner.child_by_field_name("right")
        if inner is None or inner.type != "call":
            return False
        called = dotted_name(inner.child_by_field_name("function"))
        if called == self._name:
            return True
        method = self._methods.get(called.removeprefix("self.")) if called.startswith("self.") else None
        return method is not None and self._hands_on(inner, method)

    def _hands_on(self, call: Node, method: Function) -> bool:
        """Whether a method is given what answers, and surely calls it."""
        places, names, is_open = arguments(call)
        plain = [text_of(one) for one in method.parameters if one.type in ("identifier", "default_parameter")]
        own = [one.partition("=")[0].strip() for one in plain][1:]
        given = dict(zip(own, places, strict=False)) | names
        parameter = next((name for name, value in given.items() if text_of(value) == self._name), None)
        body = method.node.child_by_field_name("body")
        if parameter is None or is_open or body is None or method.decorators:
            return False
        key = (parameter, method.node.start_byte)
        if key not in self._sure:
            self._sure[key] = AnswerPaths(parameter).is_sure(body)
        return self._sure[key]


def _only(outcome: str) -> Outcomes:
    return frozenset((outcome,))


def _statements(block: Node | None) -> list[Node]:
    return [one for one in block.named_children if one.type != "comment"] if block is not None else []


def _blocks(node: Node) -> list[Node]:
    """The blocks of an `if` or a `with`, those of its other branches too."""
    inner = [node, *node.children_by_field_name("alternative")]
    found = [one.child_by_field_name("consequence") or one.child_by_field_name("body") for one in inner]
    return [one for one in found if one is not None]


def _alternative(loop: Node) -> Node | None:
    otherwise = loop.child_by_field_name("alternative")
    return otherwise.child_by_field_name("body") if otherwise is not None else None


def _try_parts(node: Node) -> tuple[list[Node], list[Node], list[list[Node]], list[Node]]:
    """What a `try` runs: the body, the `else`, each `except`, and the `finally`."""
    clauses = {kind: [one for one in node.named_children if one.type == kind] for kind in (*_CLAUSES, "finally_clause")}
    otherwise = next(
        (one.child_by_field_name("body") for one in node.named_children if one.type == "else_clause"), None
    )
    handlers = [_statements(_inner_block(one)) for kind in _CLAUSES for one in clauses[kind]]
    last = [statement for one in clauses["finally_clause"] for statement in _statements(_inner_block(one))]
    return _statements(node.child_by_field_name("body")), _statements(otherwise), handlers, last


def _inner_block(clause: Node) -> Node | None:
    return next((one for one in clause.named_children if one.type == "block"), None)
