"""Control flow: the ways through a function that end without a mention of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 40  # nested statements; beyond them nothing is claimed
_COMPOUND = frozenset(
    {
        *("block", "if_statement", "elif_clause", "else_clause", "for_statement", "while_statement", "with_statement"),
        *("try_statement", "except_clause", "finally_clause"),
    }
)
_DEFINITIONS = ("class_definition", "decorated_definition", "function_definition")  # which run nothing themselves
_LEAVES = re.compile(r"(?:sys\s*\.\s*|os\s*\.\s*_)?exit\b")


class ControlFlow:
    """Looks for them. Any mention of the name counts, whatever is done with it; what cannot be followed does too.

    Attributes:
        ends: the `return` statements at which such a way ends.
    """

    def __init__(self, name: str) -> None:
        self._mention = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
        self.ends: list[Node] = []

    def behind(self, body: Node | None) -> list[tuple[int, int]]:
        """The stretches of a function's body, as offsets, before which every way has a mention. They are in order, and
        do not overlap. Exceptions that a `try` catches are no ways here, and what a function inside does is not run.
        """
        found = []
        todo = [body] if body is not None else []
        while todo:
            node = todo.pop()
            inner = list(_statements(node))
            if node.type == "block":
                inner = [one for one in inner if one.type not in _DEFINITIONS]
                last = next((index for index, one in enumerate(inner) if not self._is_passed(one)), len(inner))
                inner = inner[: last + 1]
                if last < len(inner):
                    found.append((inner[-1].end_byte, node.end_byte))
            elif node.type == "try_statement" and not self._is_passed(node):
                clauses = (one for one in inner if one.type in ("else_clause", "finally_clause"))
                found += [(one.start_byte, one.end_byte) for one in clauses]
            todo += [one for one in inner if one.type in _COMPOUND]
        return _merged(found)

    def _is_passed(self, node: Node) -> bool:
        if node.type == "try_statement":
            return self.fall_through(node.child_by_field_name("body"))
        return self._passes(node, 0)

    def fall_through(self, block: Node | None, depth: int = 0) -> bool:
        """Whether a way leads through a block and out at its end."""
        return all(self._passes(one, depth) for one in _statements(block))

    def _passes(self, node: Node, depth: int) -> bool:
        kind = node.type
        if depth > _DEEPEST or kind == "raise_statement":
            return False
        if kind == "return_statement":
            if not self._mentions(node):
                self.ends.append(node)
            return False
        match kind:
            case "if_statement":
                return self._branches(node, depth)
            case "for_statement" | "while_statement":
                return self._loop(node, depth)
            case "try_statement":
                return self._try(node, depth)
            case "with_statement":
                body = node.child_by_field_name("body")
                return not self._heads_mention(node) and self.fall_through(body, depth + 1)
            case "continue_statement" | "break_statement":
                return True
            case _:
                return not self._mentions(node) and not (
                    kind == "expression_statement" and _LEAVES.match(text_of(node))
                )

    def _branches(self, node: Node, depth: int) -> bool:
        if self._mentions(node.child_by_field_name("condition")):
            return False
        open_ways = [self.fall_through(node.child_by_field_name("consequence"), depth + 1)]
        has_else = False
        for branch in node.children_by_field_name("alternative"):
            if branch.type == "elif_clause":
                if self._mentions(branch.child_by_field_name("condition")):
                    return any(open_ways)
                open_ways.append(self.fall_through(branch.child_by_field_name("consequence"), depth + 1))
            else:
                has_else = True
                open_ways.append(self.fall_through(branch.child_by_field_name("body"), depth + 1))
        return any(open_ways) or not has_else

    def _loop(self, node: Node, depth: int) -> bool:
        if self._heads_mention(node):
            return False
        condition = node.child_by_field_name("condition")
        body = node.child_by_field_name("body")
        self.fall_through(body, depth + 1)
        if condition is not None and text_of(condition) in ("True", "1"):
            return "break" in text_of(body) and not self._mentions(body)
        otherwise = node.child_by_field_name("alternative")
        return otherwise is None or self.fall_through(otherwise.child_by_field_name("body"), depth + 1)

    def _try(self, node: Node, depth: int) -> bool:
        open_ways = []
        body_passes = self.fall_through(node.child_by_field_name("body"), depth + 1)
        for clause in node.named_children:
            block = next((one for one in clause.named_children if one.type == "block"), None)
            if clause.type == "finally_clause":
                if self._mentions(clause):
                    self.ends.clear()
                    return False
            elif clause.type == "else_clause":
                body_passes = body_passes and self.fall_through(clause.child_by_field_name("body"), depth + 1)
            elif clause.type.startswith("except"):
                open_ways.append(self.fall_through(block, depth + 1))
        return body_passes or any(open_ways)

    def _heads_mention(self, node: Node) -> bool:
        return any(self._mentions(one) for one in node.named_children if one.type not in ("block", "else_clause"))

    def _mentions(self, node: Node | None) -> bool:
        return node is not None and self._mention.search(text_of(node)) is not None


def _statements(block: Node | None) -> Iterable[Node]:
    return (one for one in block.named_children if one.type != "comment") if block is not None else ()


def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found
