"""What expressions are made of, across the modules of a bundle: literals, names, calls; nothing is run."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundlekit.bundle.files import Files
from bundlekit.source.constants import Constants
from bundlekit.source.functions import arguments
from bundlekit.source.modules import Module, imported_files
from bundlekit.source.syntax import Import, Scope, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 30  # nested expressions and names
_MOST_ITEMS = 500  # of a list or an object
_LARGEST = 1e300  # of numbers: JSON has no infinity, and no float holds more
_MOST_READS = 30_000  # expressions of a bundle: names that stand for lists of names grow without end
_BUILTINS = frozenset(
    {
        *("str", "unicode", "basestring", "bytes", "int", "long", "float", "bool", "complex", "object", "list", "dict"),
        *("tuple", "set", "frozenset", "type", "range", "xrange", "sorted"),
    }
)
_OF_VOLUPTUOUS = frozenset(
    {
        *("ALLOW_EXTRA", "PREVENT_EXTRA", "REMOVE_EXTRA", "UNDEFINED", "Extra", "Schema", "Object", "Msg", "Self"),
        *("Required", "Optional", "Exclusive", "Inclusive", "Remove", "All", "And", "Any", "Or", "Maybe", "SomeOf"),
        *("Range", "Clamp", "Length", "In", "NotIn", "Contains", "Match", "Replace", "Coerce", "Boolean", "Equal"),
        *("Datetime", "Date", "Email", "Url", "FqdnUrl", "IsFile", "IsDir", "PathExists", "Unique", "Unordered"),
        *("ExactSequence", "Number", "IsTrue", "IsFalse", "Lower", "Upper", "Capitalize", "Title", "Strip", "Set"),
        *("DefaultTo", "SetTo", "Literal"),
    }
)
"""What `from voluptuous import *` brings, as far as it is used here."""
_CHANGED = re.compile(  # a list or a dict under a name, or what looks like it
    rb"\b(\w++)\s*+(?:\[[^\]\n]*+\]\s*(?:=(?!=)|[-+|]=)|[-+|]=|\.\s*(?:append|extend|insert|remove|pop|popitem|sort|reverse"
    rb"|clear|update|setdefault|__setitem__)\s*\()|\bdel\s++(\w++)"
)


class Unseen:
    """What an expression is that cannot be seen."""


UNSEEN = Unseen()


@dataclass(frozen=True)
class ListExpression:
    """A list, a tuple or a set."""

    kind: str
    items: tuple[Any, ...]


@dataclass(frozen=True)
class DictExpression:
    """A dict."""

    pairs: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Named:
    """Something that is defined elsewhere, by its full name: `voluptuous.All`, `str`."""

    name: str


@dataclass(frozen=True)
class Made:
    """What a call gives: what was called, and with what."""

    callee: Any
    places: tuple[Any, ...]
    names: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Method:
    """A method of something."""

    owner: Any
    name: str


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
}


class Expressions:
    """Reads expressions of a bundle's modules.

    Args:
        files: of the bundle.
        modules: index.py, and what it imports.
    """

    def __init__(self, files: Files, modules: Iterable[Module]) -> None:
        self._files = files
        self._modules = {module.path: module for module in modules}
        self._constants = Constants()
        self._reads = 0
        self._changed: dict[str, set[bytes]] = {}  # by module, the names of what may be changed

    def read(  # noqa: PLR0912 - a case for each kind of expression
        self, node: Node | None, scope: Scope, module: Module, depth: int = 0
    ) -> Any:
        """What an expression is: a literal, ListExpression, DictExpression, Named, Made, Method, or UNSEEN.

        Args:
            node: the expression.
            scope: that it is in.
            module: that it is in.
            depth: how many expressions it is in already.
        """
        self._reads += 1
        if node is None or depth > _DEEPEST or self._reads > _MOST_READS:
            return UNSEEN

        def inner(one: Node | None) -> Any:
            return self.read(one, scope, module, depth + 1)

        match node.type:
            case "string" | "concatenated_string":
                text = self._constants.value(node, scope)
                return text if isinstance(text, str) else UNSEEN
            case "integer" | "float":
                return _number(text_of(node))
            case "true" | "false" | "none":
                return {"true": True, "false": False, "none": None}[node.type]
            case "list" | "tuple" | "set":
                parts = _parts(node)
                if len(parts) > _MOST_ITEMS or any("splat" in one.type for one in parts):
                    return UNSEEN
                return ListExpression(node.type, tuple(inner(one) for one in parts))
            case "dictionary":
                return self._pairs(node, inner)
            case "parenthesized_expression":
                parts = _parts(node)
                return inner(parts[0]) if len(parts) == 1 else UNSEEN
            case "unary_operator":
                value = inner(node.child_by_field_name("argument"))
                return -value if text_of(node).startswith("-") and _is_number(value) else UNSEEN
            case "binary_operator":
                return self._operation(node, scope, inner)
            case "call":
                return self._call(node, inner)
            case "identifier":
                return self.name(text_of(node), scope, module, depth + 1)
            case "attribute":
                return self._attribute(node, scope, module, depth)
            case "subscript":
                return _item(inner(node.child_by_field_name("value")), inner(node.child_by_field_name("subscript")))
            case _:
                return UNSEEN

    def name(self, name: str, scope: Scope, module: Module, depth: int = 0) -> Any:
        """What a name stands for.

        Args:
            name: without dots.
            scope: that uses it.
            module: with the scope.
            depth: how many expressions it is in already.
        """
        around: Scope | None = scope
        is_own = True
        while around is not None:
            is_class_body = not around.is_function and around.parent is not None
            if name in around.bindings and (is_own or not is_class_body):
                return self._bound(name, around, module, depth)
            around, is_own = around.parent, False
        for one in module.python.imports:
            if one.name == "*":
                found = self._imported(one, name, module, depth)
                if found is not UNSEEN:
                    return found
        return Named(name) if name in _BUILTINS else UNSEEN

    def _bound(self, name: str, scope: Scope, module: Module, depth: int) -> Any:
        bound = scope.bindings[name]
        if len(bound) != 1 or depth > _DEEPEST:
            return UNSEEN
        if bound[0] is not None:
            value = self.read(bound[0], scope, module, depth + 1)
            return UNSEEN if self._is_changed(name, value, module) else value
        if scope.parent is None:
            for one in module.python.imports:
                if one.alias == name:
                    return self._imported(one, "", module, depth)
            if scope.body_of(name) is not None:
                return Named(f"{module.path}:{name}")
        return UNSEEN

    def _is_changed(self, name: str, value: Any, module: Module) -> bool:
        """Whether something in the module looks like changing a list or a dict that a name stands for."""
        if not isinstance(value, ListExpression | DictExpression):
            return False
        if module.path not in self._changed:
            found = _CHANGED.findall(module.text.utf8)
            self._changed[module.path] = {name for names in found for name in names}
        return name.encode() in self._changed[module.path]

    def _imported(self, one: Import, wanted: str, module: Module, depth: int) -> Any:
        """What an import gives; `wanted`: the name that is looked for behind a star."""
        name = wanted if one.name == "*" else one.name
        paths = [path for path in imported_files(self._files, module, one) if path in self._modules]
        inner = one.module.lstrip(".").replace(".", "/")
        if not paths:
            if one.name == "*":
                is_known = one.module == "voluptuous" and name in _OF_VOLUPTUOUS
                return Named(f"voluptuous.{name}") if is_known else UNSEEN
            return Named(f"{one.module}.{name}" if name else one.module)
        if not name and one.alias == one.module.partition(".")[0]:  # import a.b binds a
            return Named(f"{paths[0]}:")
        last = paths[-1]
        stem = last.removesuffix(".py").removesuffix("/__init__")
        if not name or (stem.endswith(f"/{name}") and not stem.endswith(inner or "/")) or stem == name:
            return Named(f"{last}:")
        found = self._modules[last]
        return self.name(name, found.python.module, found, depth + 1) if depth < _DEEPEST else UNSEEN

    def _attribute(self, node: Node, scope: Scope, module: Module, depth: int) -> Any:
        owner, name = node.child_by_field_name("object"), text_of(node.child_by_field_name("attribute"))
        if owner is not None and text_of(owner) in ("self", "cls"):
            around: Scope | None = scope
            while around is not None and around.is_function:
                around = around.parent
            return self._of_class(around, name, module, depth) if around is not None else UNSEEN
        value = self.read(owner, scope, module, depth + 1)
        if isinstance(value, Named):
            path, colon, class_name = value.name.partition(":")
            found = self._modules.get(path) if colon else None
            if found is None:
                return Named(f"{value.name}.{name}") if not colon else UNSEEN
            top = found.python.module
            if not class_name:
                inner = path.removesuffix("__init__.py") + name
                files = [one for one in (f"{inner}.py", f"{inner}/__init__.py") if one in self._modules]
                if name not in top.bindings:
                    return Named(f"{files[0]}:") if files and path.endswith("__init__.py") else UNSEEN
                return self.name(name, top, found, depth + 1)
            return self._of_class(top.body_of(class_name), name, found, depth)
        return Method(value, name) if value is not UNSEEN else UNSEEN

    def _of_class(self, body: Scope | None, name: str, module: Module, depth: int) -> Any:
        if body is None or body.parent is None or name not in body.bindings:
            return UNSEEN
        if re.search(rf"\.\s*{re.escape(name)}\s*=(?!=)", module.text.utf8.decode("utf-8", "replace")):
            return UNSEEN  # an object, or the class, is given another one
        return self._bound(name, body, module, depth + 1)

    def _pairs(self, node: Node, inner: Callable[[Node | None], Any]) -> Any:
        parts = _parts(node)
        if len(parts) > _MOST_ITEMS:
            return UNSEEN
        pairs: list[tuple[Any, Any]] = []
        for one in parts:
            if one.type == "pair":
                pairs.append((inner(one.child_by_field_name("key")), inner(one.child_by_field_name("value"))))
            else:
                value = inner(one.named_children[0]) if one.named_children else UNSEEN
                if one.type != "dictionary_splat" or not isinstance(value, DictExpression):
                    return UNSEEN
                pairs += value.pairs
        return DictExpression(_unique(pairs))

    def _operation(self, node: Node, scope: Scope, inner: Callable[[Node | None], Any]) -> Any:
        text = self._constants.value(node, scope)
        if isinstance(text, str):
            return text
        sign = text_of(node.child_by_field_name("operator"))
        left, right = inner(node.child_by_field_name("left")), inner(node.child_by_field_name("right"))
        if (
            isinstance(left, ListExpression)
            and isinstance(right, ListExpression)
            and sign == "+"
            and left.kind == right.kind
        ):
            return ListExpression(left.kind, left.items + right.items)
        if sign == "**" and _is_number(left) and isinstance(right, int) and 0 <= right <= 64 and abs(left) <= 1024:
            return left**right
        if sign == "<<" and isinstance(left, int) and isinstance(right, int) and 0 <= right <= 64:
            return _bounded(left << right)
        if sign not in _OPERATIONS or not (_is_number(left) and _is_number(right)):
            return UNSEEN
        try:
            return _bounded(_OPERATIONS[sign](left, right))
        except (ArithmeticError, OverflowError):
            return UNSEEN

    def _call(self, node: Node, inner: Callable[[Node | None], Any]) -> Any:
        callee = inner(node.child_by_field_name("function"))
        places, names, is_open = arguments(node)
        if callee is UNSEEN or is_open:
            return UNSEEN
        given = tuple(inner(one) for one in places)
        named = tuple((name, inner(value)) for name, value in names.items())
        return _computed(callee, given, named)


def _computed(callee: Any, places: tuple[Any, ...], names: tuple[tuple[str, Any], ...]) -> Any:
    """What a call gives that can be computed; else what was called with what."""
    made = Made(callee, places, names)
    first = places[0] if places else None
    if isinstance(callee, Method):
        if callee.name == "copy" and isinstance(callee.owner, DictExpression | ListExpression):
            return callee.owner
        if callee.name in ("keys", "values") and isinstance(callee.owner, DictExpression) and not places:
            return ListExpression("list", tuple(pair[callee.name == "values"] for pair in callee.owner.pairs))
        return made
    name = callee.name if isinstance(callee, Named) else ""
    if name in ("list", "tuple", "set", "frozenset", "sorted") and len(places) == 1 and not names:
        kind = {"sorted": "list", "frozenset": "set"}.get(name, name)
        if isinstance(first, ListExpression):
            return ListExpression(kind, first.items)
        return ListExpression(kind, tuple(key for key, _ in first.pairs)) if isinstance(first, DictExpression) else made
    if name == "dict":
        pairs = first.pairs if isinstance(first, DictExpression) else () if not places else None
        return DictExpression(_unique([*pairs, *names])) if pairs is not None else made
    if name in ("range", "xrange") and places and not names and all(type(one) is int for one in places):
        try:
            values = range(*places[:3])
        except ValueError:
            return UNSEEN
        return made if values[_MOST_ITEMS:] else ListExpression("list", tuple(values))
    if name in ("copy.copy", "copy.deepcopy") and places:
        return first
    return made


def _item(owner: Any, key: Any) -> Any:
    if isinstance(owner, DictExpression):
        return next((value for one, value in owner.pairs if type(one) is type(key) and one == key), UNSEEN)
    if isinstance(owner, ListExpression) and owner.kind != "set" and type(key) is int and -len(owner.items) <= key:
        return owner.items[key] if key < len(owner.items) else UNSEEN
    return UNSEEN


def _unique(pairs: list[tuple[Any, Any]]) -> tuple[tuple[Any, Any], ...]:
    """As a dict does: the last value of a key that comes twice."""
    found: dict[Any, tuple[Any, Any]] = {}
    for index, (key, value) in enumerate(pairs):
        found[(type(key).__name__, key) if isinstance(key, str | int | float) else index] = (key, value)
    return tuple(found.values())


def _number(text: str) -> Any:
    text = text.rstrip("lL")
    if re.fullmatch(r"0\d+", text) and text.strip("0"):
        text = f"0o{text}"  # as Python 2 writes it
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return UNSEEN
    return _bounded(value) if _is_number(value) else UNSEEN


def _bounded(value: float) -> Any:
    return value if abs(value) < _LARGEST else UNSEEN


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parts(node: Node) -> list[Node]:
    return [one for one in node.named_children if one.type != "comment"]
