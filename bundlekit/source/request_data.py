"""Which expressions of a function are text of a request, as it came in.

What is followed are names, items of objects and lists, and text that is put together. What another function makes of
it is not taken for text of the request any more, and neither is what the function looks into: a comparison, `in`, a
regular expression or a function whose name says that it checks may refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.source.functions import Function, arguments, comparison_parts, dotted_name
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

WHOLE = "*"
"""The key of what is no item of something: the data of the request as a whole."""

_OF_REQUEST = frozenset({"data", "query"})  # a param of the path has letters, digits, _ and - and nothing else
_SAME = frozenset({"basestring", "list", "set", "sorted", "str", "tuple", "unicode", "copy", "deepcopy", "dict"})
_SAME_METHODS = frozenset(
    {
        *("copy", "decode", "encode", "get", "items", "iteritems", "itervalues", "lower", "lstrip", "pop", "rstrip"),
        *("setdefault", "strip", "upper", "values"),
    }
)
_ITEMS = frozenset({"get", "pop", "setdefault"})
_CHECKS = re.compile(
    r"allow|assert|check|clean|ensure|escape|exist|find|index|inet_|ip_?address|ip_?network|known|lookup|match|permit|quote"
    r"|regex|sanit|schema|search|support|valid|verif|^_*has_|^_*is(?:_|[a-z]+$)|^(?:float|int|long)$",
    re.IGNORECASE,
)
_RUNS = frozenset({"check_call", "check_output"})
_ASKS = frozenset({"isinstance", "issubclass"})
_TEXT_FIELD = re.compile(r"%(?:\((\w+)\))?[-#0 +]*[\d.]*([a-zA-Z%])")
_DEEPEST = 30  # nested expressions
_LONGEST = 200  # bytes of the end of a name
_MOST_KEYS = 50  # of one expression; beyond them it counts as the whole data
_NOTHING: frozenset[str] = frozenset()

Keys = frozenset[str]


class RequestData:
    """Follows the data of a request through a function, in the order of its text.

    Args:
        function: the function.
        message: what the message is called in it; empty in a function that does not have it.
        given: the parameters that are given data of a request.
    """

    def __init__(self, function: Function, message: str, given: frozenset[str] = frozenset()) -> None:
        self._message = message
        self._names: dict[str, Keys] = {name: frozenset((name,)) for name in given}
        self._function = function
        self._checked: set[str] = set()

    def calls(self) -> Iterator[tuple[str, Node]]:
        """The calls in the function by their dotted names; while each is looked at, `keys` knows what came before."""
        names = {call.start_byte: name for name, call in self._function.calls()}
        events: list[tuple[int, int, Node]] = []
        for node in self._function.of_kinds("assignment", "augmented_assignment", "for_statement", "call"):
            if node.type == "for_statement":
                right = node.child_by_field_name("right")
                events.append((right.end_byte if right is not None else node.start_byte, 0, node))
            elif node.type != "call":
                events.append((node.end_byte, 0, node))
            elif node.start_byte in names:
                events.append((node.start_byte, 1, node))
        ordered = sorted(events, key=lambda one: one[:2])
        kept = dict(self._names)
        for _, is_call, node in ordered:
            if not is_call:
                self._assign(node)
        self._note_checks()  # wherever it looks into something: a loop may come back
        self._names = kept
        for _, is_call, node in ordered:
            if is_call:
                yield names[node.start_byte], node
            else:
                self._assign(node)

    def keys(self, node: Node | None, depth: int = 0) -> Keys:
        """The keys of the request's data whose text is in an expression, unless the function looks into it."""
        found = self._keys(node, depth)
        return _NOTHING if WHOLE in self._checked else found - self._checked

    def _keys(self, node: Node | None, depth: int = 0) -> Keys:
        if node is None or depth > _DEEPEST:
            return _NOTHING
        match node.type:
            case "identifier":
                return self._names.get(text_of(node), _NOTHING)
            case "attribute":
                is_message = bool(self._message) and text_of(node.child_by_field_name("object")) == self._message
                is_data = is_message and text_of(node.child_by_field_name("attribute")) in _OF_REQUEST
                return frozenset((WHOLE,)) if is_data else _NOTHING
            case "subscript":
                key = node.child_by_field_name("subscript")
                return _item(self._keys(node.child_by_field_name("value"), depth + 1), key)
            case "binary_operator":
                return self._operation(node, depth)
            case "call":
                return self._call(node, depth)
            case "conditional_expression":
                inner = node.named_children
                return self._any([inner[0], inner[-1]], depth) if len(inner) == 3 else _NOTHING
            case "list_comprehension" | "generator_expression" | "set_comprehension":
                return self._comprehension(node, depth)
            case "pair":
                return self._keys(node.child_by_field_name("value"), depth + 1)
            case "boolean_operator" | "parenthesized_expression" | "list" | "tuple" | "set" | "dictionary":
                return self._any(node.named_children, depth)
            case "list_splat":
                return self._any(node.named_children, depth)
            case _:
                return _NOTHING

    def _any(self, nodes: list[Node], depth: int) -> Keys:
        found = _NOTHING.union(*(self._keys(one, depth + 1) for one in nodes[:500]))
        return found if len(found) <= _MOST_KEYS else frozenset((WHOLE,))

    def _operation(self, node: Node, depth: int) -> Keys:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = text_of(node.child_by_field_name("operator"))
        if operator == "%" and left is not None and left.type in ("string", "concatenated_string"):
            return self._formatted(text_of(left), right, depth)
        if operator in ("+", "%"):
            return self._any([one for one in (left, right) if one is not None], depth)
        return _NOTHING

    def _formatted(self, template: str, given: Node | None, depth: int) -> Keys:
        """What stands where a template has `%s`: a number by `%d` is none of a text's harm."""
        while given is not None and given.type == "parenthesized_expression" and len(given.named_children) == 1:
            given = given.named_children[0]
        fields = [(name, kind in "rs") for name, kind in _TEXT_FIELD.findall(template) if kind != "%"]
        if given is None or not any(is_text for _, is_text in fields):
            return _NOTHING
        if given.type == "tuple" and len(given.named_children) == len(fields):
            texts = [one for one, (_, is_text) in zip(given.named_children, fields, strict=True) if is_text]
            return self._any(texts, depth)
        if given.type == "dictionary":
            wanted = {name for name, is_text in fields if is_text}
            pairs = [one for one in given.named_children if one.type == "pair"]
            return self._any([one for one in pairs if _literal(one.child_by_field_name("key")) in wanted], depth)
        found = self._keys(given, depth + 1)
        names = {name for name, is_text in fields if is_text and name}
        return frozenset(names) if WHOLE in found and names else found

    def _call(self, node: Node, depth: int) -> Keys:
        function = node.child_by_field_name("function")
        places, names, _ = arguments(node)
        if function is None:
            return _NOTHING
        if function.type == "identifier":
            return self._any(places[:1], depth) if text_of(function) in _SAME else _NOTHING
        if function.type != "attribute":
            return _NOTHING
        method = text_of(function.child_by_field_name("attribute"))
        owner = function.child_by_field_name("object")
        if method == "format":
            return self._any([*places, *names.values()], depth) | self._keys(owner, depth + 1)
        if method == "join":
            return self._any(places, depth)
        if method in _SAME_METHODS:
            found = self._keys(owner, depth + 1)
            return _item(found, places[0] if places else None) if method in _ITEMS else found
        is_same = dotted_name(function) in ("copy.copy", "copy.deepcopy", "json.dumps", "os.path.basename")
        return self._any(places[:1], depth) if is_same else _NOTHING

    def _comprehension(self, node: Node, depth: int) -> Keys:
        if any(one.type == "if_clause" for one in node.named_children):
            return _NOTHING  # it may leave out what would do harm
        kept = dict(self._names)
        for clause in node.named_children:
            if clause.type == "for_in_clause":
                found = self._keys(clause.child_by_field_name("right"), depth + 1)
                self._bind(clause.child_by_field_name("left"), found)
        found = self._keys(node.child_by_field_name("body"), depth + 1)
        self._names = kept
        return found

    def _assign(self, node: Node) -> None:
        target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        if target is None or target.type in ("subscript", "attribute"):
            return
        found = self._keys(value)
        if node.type == "augmented_assignment":
            self._bind(target, found | self._keys(target))
        elif target.type in ("pattern_list", "tuple_pattern") and value is not None and value.type == "expression_list":
            for one, part in zip(target.named_children, value.named_children, strict=False):
                self._bind(one, self._keys(part))
        elif found or node.type == "for_statement":
            self._bind(target, found)
        elif target.type == "identifier" and self._is_replaced(node, text_of(target)):
            self._names.pop(text_of(target), None)

    def _is_replaced(self, node: Node, name: str) -> bool:
        """Whether a name stands for something else behind an assignment, on whichever way: `x = int(x)`."""
        if re.search(rf"\b{re.escape(name)}\b", text_of(node.child_by_field_name("right"))[:2000]):
            return True
        statement = node.parent
        block = statement.parent if statement is not None else None
        return block is not None and block.parent is not None and block.parent.type == "function_definition"

    def _bind(self, target: Node | None, keys: Keys) -> None:
        todo = [target] if target is not None else []
        for one in todo:
            if one.type == "identifier":
                if keys:
                    self._names[text_of(one)] = keys
                else:
                    self._names.pop(text_of(one), None)
            elif one.type in ("pattern_list", "tuple_pattern", "tuple", "list_pattern"):
                todo += one.named_children

    def _note_checks(self) -> None:
        for node in self._function.of_kinds("comparison_operator", "call"):
            if node.type == "comparison_operator":
                self._note_comparison(node)
                continue
            function = node.child_by_field_name("function")
            name = text_of(function)[-_LONGEST:].rpartition(".")[2]
            if _CHECKS.search(name) and name not in _RUNS | _ASKS:
                places, names, _ = arguments(node)
                owner = function.child_by_field_name("object") if function is not None else None
                for one in [*places, *names.values(), owner]:
                    self._checked |= self._keys(one)

    def _note_comparison(self, node: Node) -> None:
        operators, sides = comparison_parts(node)
        if operators in (["in"], ["not in"]):
            sides = sides[:1]  # `"key" in data` asks what keys there are
        elif operators in (["is"], ["is not"]) or any(_is_empty(one) for one in sides):
            return
        for one in sides:
            self._checked |= self._keys(one)


def _is_empty(node: Node) -> bool:
    return node.type == "none" or text_of(node) in ('""', "''", 'u""', "u''")


def _item(keys: Keys, key: Node | None) -> Keys:
    """What an item of something is called: by its key where that can be seen, else as what it is in."""
    name = _literal(key)
    return frozenset((name,)) if keys and name else keys


def _literal(node: Node | None) -> str:
    if node is None or node.type != "string":
        return ""
    return text_of(node).lstrip("uUbBrR").strip("\"'")
