"""What an expression in Python source comes to, where that can be seen without running anything."""

from __future__ import annotations

import ast
import re
import warnings
from string import Formatter
from typing import TYPE_CHECKING

from bundlekit.source.syntax import Scope, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

Constant = str | tuple[str, ...]

_DEEPEST = 30  # nested expressions; a hostile file must not exhaust the stack
_LONGEST = 2000  # characters, or items; paths of resources are shorter
_PLAIN_STRING = re.compile(r"[uUbBrR]*(\"{3}|\"|'{3}|')([^'\"\\\r\0]*)\1")
_MOST_NAMES = 1000  # that are remembered


class Constants:
    """Resolves expressions of one source; each name is looked into once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Constant | None] = {}

    def value(self, node: Node | None, scope: Scope, depth: int = 0) -> Constant | None:
        """A string, a tuple of strings for a list, tuple or set of them, or None: not to be seen from here.

        Literals, names that are bound exactly once, such attributes of classes and of `self`, `+`, `%` with `%s`, and
        `.format()` with plain fields are followed.

        Args:
            node: an expression; None gives None.
            scope: that it is in.
            depth: how many expressions it is in already; a limit ends what is nested without end.
        """
        if node is None or depth > _DEEPEST:
            return None
        match node.type:
            case "string":
                return _string(node)
            case "concatenated_string" | "parenthesized_expression":
                parts = [self.value(part, scope, depth + 1) for part in _parts(node)]
                return parts[0] if len(parts) == 1 else _joined(parts)
            case "list" | "tuple" | "set":
                return _strings([self.value(part, scope, depth + 1) for part in _parts(node)])
            case "binary_operator":
                return self._operation(node, scope, depth)
            case "call":
                return self._format(node, scope, depth)
            case "identifier":
                return self._name(text_of(node), scope, depth)
            case "attribute":
                return self._attribute(node, scope, depth)
            case _:
                return None

    def _operation(self, node: Node, scope: Scope, depth: int) -> Constant | None:
        left = self.value(node.child_by_field_name("left"), scope, depth + 1)
        right = self.value(node.child_by_field_name("right"), scope, depth + 1)
        operator = text_of(node.child_by_field_name("operator"))
        if left is None or right is None:
            return None
        if operator == "%" and isinstance(left, str):
            return _formatted(left, right)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _joined([left, right])
        if operator == "+" and isinstance(left, tuple) and isinstance(right, tuple):
            return _strings([*left, *right])
        return None

    def _format(self, node: Node, scope: Scope, depth: int) -> str | None:
        """`"...".format(...)`."""
        function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or function.type != "attribute" or given is None or given.type != "argument_list":
            return None
        if text_of(function.child_by_field_name("attribute")) != "format":
            return None
        template = self.value(function.child_by_field_name("object"), scope, depth + 1)
        places: list[str] = []
        names: dict[str, str] = {}
        for one in _parts(given):
            is_named = one.type == "keyword_argument"
            value = self.value(one.child_by_field_name("value") if is_named else one, scope, depth + 1)
            if not isinstance(value, str):
                return None
            if is_named:
                names[text_of(one.child_by_field_name("name"))] = value
            else:
                places.append(value)
        if not isinstance(template, str):
            return None
        try:
            if not all(map(_is_plain, Formatter().parse(template))):
                return None
            return _joined([template.format(*places, **names)])
        except (LookupError, ValueError):
            return None

    def _name(self, name: str, scope: Scope, depth: int) -> Constant | None:
        """The class body or function that uses the name, then what is around it; other class bodies are not seen."""
        around: Scope | None = scope
        while around is not None and (name not in around.bindings or _is_hidden(around, scope)):
            around = around.parent
        if around is None:
            return None
        key = (id(around), name)
        if key not in self._known:
            self._known[key] = None  # while it is looked into, so that `a = b; b = a` ends
            bound = around.bindings[name]
            if len(bound) == 1:
                self._known[key] = self.value(bound[0], around, depth + 1)
        return self._known[key]

    def _attribute(self, node: Node, scope: Scope, depth: int) -> Constant | None:
        """`Class.NAME` or `self.NAME`, where the class body of the same source is all that gives it a value."""
        owner, name = node.child_by_field_name("object"), text_of(node.child_by_field_name("attribute"))
        if owner is None or owner.type != "identifier":
            return None
        body = _own_body(scope) if text_of(owner) in ("self", "cls") else _body(scope, text_of(owner))
        bound = body.bindings.get(name, []) if body is not None else []
        if body is None or len(bound) != 1:
            return None
        key = (id(body), name)
        if key not in self._known and len(self._known) < _MOST_NAMES:
            self._known[key] = None
            if _is_set_once(scope, name):
                self._known[key] = self.value(bound[0], body, depth + 1)
        return self._known.get(key)


def _is_plain(field: tuple[str, str | None, str | None, str | None]) -> bool:
    """Whether a field of a template has nothing but a name or a number, and no width that would fill the memory."""
    _, name, form, conversion = field
    return re.fullmatch(r"\w*", name or "") is not None and not form and conversion is None


def _own_body(scope: Scope) -> Scope | None:
    """The body of the class in whose method a function's scope is."""
    around: Scope | None = scope
    while around is not None and around.is_function:
        around = around.parent
    return around if around is not None and around.parent is not None and around is not scope else None


def _body(scope: Scope, name: str) -> Scope | None:
    """The body of a class by its name, as long as nothing else has that name."""
    around: Scope | None = scope
    while around is not None and name not in around.bindings:
        around = around.parent
    if around is None or len(around.bindings[name]) != 1:
        return None
    return around.body_of(name)


def _is_set_once(scope: Scope, name: str) -> bool:
    """Whether only one thing in the source looks like giving a value to a name, in whatever class or object."""
    while scope.parent is not None:
        scope = scope.parent
    found = rb"(?<!\w)%(name)s\s*(?:=(?!=)|[-+*/%%|&^]=)|\.\s*%(name)s\s*,[^\n=()]*=(?!=)"
    given = re.finditer(found % {b"name": re.escape(name.encode())}, scope.source)
    return next(given, None) is not None and next(given, None) is None


def _is_hidden(scope: Scope, user: Scope) -> bool:
    is_class_body = not scope.is_function and scope.parent is not None
    return is_class_body and scope is not user


def _parts(node: Node) -> list[Node]:
    return [part for part in node.named_children if part.type != "comment"][:_LONGEST]


def string_of(node: Node | None) -> str | None:
    """The text of a literal; None for everything else."""
    return _string(node) if node is not None and node.type == "string" else None


def _string(node: Node) -> str | None:
    if node.end_byte - node.start_byte > _LONGEST:
        return None
    text = text_of(node)
    plain = _PLAIN_STRING.fullmatch(text)  # as nearly all are, and the way below takes ten times as long
    if plain is not None and (len(plain[1]) == 3 or "\n" not in plain[2]):
        return plain[2]
    prefix, quote, rest = re.match(r"([A-Za-z]*)(['\"]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if "f" in prefix.lower() or "t" in prefix.lower():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape is no concern of ours
            value = ast.literal_eval(("r" if "r" in prefix.lower() else "") + quote + rest)
    except (SyntaxError, ValueError):
        return None
    return value if isinstance(value, str) else None


def _formatted(template: str, values: Constant) -> str | None:
    """`template % values`, for nothing but `%s` and `%%`."""
    values = (values,) if isinstance(values, str) else values
    if len(re.findall("%s", template.replace("%%", ""))) != len(values):
        return None
    if re.search("%[^s]", template.replace("%%", "") + " "):
        return None
    return _joined([template % values])


def _joined(parts: list[Constant | None]) -> str | None:
    strings = _strings(parts)
    joined = "".join(strings) if strings is not None else None
    return joined if joined is not None and len(joined) <= _LONGEST else None


def _strings(parts: list[Constant | None]) -> tuple[str, ...] | None:
    strings = tuple(part for part in parts if isinstance(part, str))
    return strings if len(strings) == len(parts) <= _LONGEST else None
