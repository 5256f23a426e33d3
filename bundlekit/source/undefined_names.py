"""Names that a module uses and nothing in it, or in Python 2.7, defines.

The scopes are those of Python 2.7. pyflakes goes by the scopes of the Python that it runs in: it cannot read
`print "x"` or `except ValueError, error`, does not know that the variable of a list comprehension stays, and takes as
long for a module as all other rules together; the tests compare with it where both mean the same. Where it is not
certain that a name is undefined, nothing is said: the order in which names are bound, `del` and the scopes of
comprehensions are not looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.source.modules import Module
from bundlekit.source.python_3_names import ASKS, BUILTINS, python_3_names
from bundlekit.source.syntax import PythonSource, Scope, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST = 200  # names of a module that are reported
_DEEPEST = 100  # scopes in scopes; Python ends at 20 blocks, a hostile file does not
_ELSEWHERE = frozenset({"_", "WindowsError"})  # gettext.install makes the one, Python on Windows has the other
_DEFINES_UNSEEN = frozenset({"exec", "execfile", "globals", "vars", "__builtin__", "__builtins__", "builtins"})
_OPENING = ("exec_statement", "match_statement", "nonlocal_statement", "type_alias_statement", "type_parameter")
_HANDLES_NAME_ERROR = re.compile(rb"\bNameError\b")
_BLANK = b" \t\r\n\f\\"
_IS_ARGUMENT = re.compile(rb"(?:[\s\\]|#[^\n]*\n)*=(?!=)")
_CLOSE = 200  # bytes in which the dot in front of an attribute, and the sign behind an argument's name, are looked for
_HEAD = 500  # bytes of a condition that are looked at


@dataclass(frozen=True, slots=True)
class Undefined:
    """A use of a name that nothing defines, and the scope in which it stands."""

    node: Node
    scope: Scope


@cache
def python_2_builtins() -> frozenset[str]:
    """The names that Python 2.7.18 has without an import, told by itself, but for those that each module has anew."""
    return frozenset(Path(__file__).with_name("python_2_builtins.txt").read_text(encoding="ascii").split())


def undefined_names(module: Module, given: Iterable[str] = ()) -> Iterator[Undefined]:
    """The uses of names that nothing defines, in the order of the source.

    Nothing is said of a module that is no Python, or takes names from where they cannot be seen, such as `import *` and
    `exec`; of a name that is tried for a `NameError`, or used where the module asks for the version; and of the
    builtins of Python 3.

    Args:
        module: the module.
        given: names that other modules put into it.
    """
    python = module.python
    if python.error is not None or _is_open(python):
        return
    known = python_2_builtins() | python_3_names()[BUILTINS] | _ELSEWHERE | python.module.bindings.keys() | set(given)
    found = list(islice(_unbound(python, known), _MOST))
    tried = _Tried(python) if found else None
    for one in found:
        if tried is not None and one.node not in tried:
            yield one


def names_put_elsewhere(modules: Iterable[Module]) -> frozenset[str]:
    """Attributes that modules give to what they imported, which may be names of other modules."""
    names = set()
    for module in modules:
        aliases = {one.alias for one in module.python.imports}
        for node in module.python.kinds.get("assignment", ()):
            target = node.child_by_field_name("left")
            if target is not None and target.type == "attribute":
                owner = target.child_by_field_name("object")
                if owner is not None and owner.type == "identifier" and text_of(owner) in aliases:
                    names.add(text_of(target.child_by_field_name("attribute")))
    return frozenset(names)


def visible_names(scope: Scope) -> list[str]:
    """The names that can be used in a scope, the closest first."""
    names: dict[str, None] = {}
    around: Scope | None = scope
    while around is not None:
        names.update(dict.fromkeys([*_parameters(around), *around.bindings]))
        around = around.parent
    return list(names)


def _unbound(python: PythonSource, known: Set[str]) -> Iterator[Undefined]:
    """The names that are not known and that no scope binds."""
    source = python.module.source
    for node, word, scope in zip(python.names, python.words, python.scopes, strict=True):
        if word in known or word in scope.bindings or (scope.parameters is not None and word in scope.parameters):
            continue
        start = node.start_byte
        if source[start - 1 : start] == b"." or word.startswith("__") or _is_bound(word, start, scope):
            continue
        if not _is_attribute(source, start) and not _IS_ARGUMENT.match(source, node.end_byte, node.end_byte + _CLOSE):
            yield Undefined(node, scope)


def _is_attribute(source: bytes, start: int) -> bool:
    """Whether a dot stands in front. To ask the tree for what is around a name takes the longer the deeper it lies."""
    lines = source[max(start - _CLOSE, 0) : start].rstrip(_BLANK).split(b"\n")
    return lines[-1].partition(b"#")[0].rstrip(_BLANK).endswith(b".")


def _is_open(python: PythonSource) -> bool:
    """Whether names may come from where they cannot be seen, or are bound in ways that Python 2.7 does not have."""
    return (
        not _DEFINES_UNSEEN.isdisjoint(python.spelled)
        or any(one.name == "*" or one.module in _DEFINES_UNSEEN for one in python.imports)
        or any(kind in python.kinds for kind in _OPENING)
        or any(
            word in ("locals", "modules") and not scope.is_function  # sys.modules[__name__]
            for word, scope in (
                zip(python.words, python.scopes, strict=True) if {"locals", "modules"} & python.spelled.keys() else ()
            )
        )
    )


def _is_bound(name: str, start: int, scope: Scope) -> bool:
    """Whether a scope that is seen from where a name starts, below the module's, binds it."""
    around = scope
    is_inner = False
    for _ in range(_DEEPEST):
        if around.node is None or around.parent is None:
            return False
        is_seen = around.is_function or not is_inner
        if is_seen and (name in around.bindings or name in _parameters(around)):
            return True
        if not is_inner:  # defaults and bases are worked out in the scope around
            body = around.node.child_by_field_name("body")
            is_inner = body is None or start >= body.start_byte
        around = around.parent
    return True


def _parameters(scope: Scope) -> frozenset[str]:
    """The names of a function's parameters."""
    if scope.parameters is None:
        node = scope.node.child_by_field_name("parameters") if scope.node is not None and scope.is_function else None
        scope.parameters = frozenset(_identifiers(node))
    return scope.parameters


def _identifiers(node: Node | None) -> Iterator[str]:
    todo = [node]
    while todo:
        node = todo.pop()
        if node is None:
            continue
        if node.type == "identifier":
            yield text_of(node)
        else:
            # What a parameter is by default binds nothing.
            todo += [node.child_by_field_name("name")] if node.type == "default_parameter" else node.named_children


class _Tried:
    """The places where a name may be missing: in a `try` that expects it, alone in any, or where a version is asked."""

    def __init__(self, python: PythonSource) -> None:
        self._source = python.module.source
        self._alone = {(node.start_byte, node.end_byte) for node in python.kinds.get("expression_statement", ())}
        self._any = _Ranges(_body(node) for node in python.kinds.get("try_statement", ()))
        self._expecting = _Ranges([*self._that_expect(python), *self._that_ask(python)])

    def __contains__(self, node: Node) -> bool:
        place = node.start_byte
        is_alone = (place, node.end_byte) in self._alone
        return place in self._expecting or (is_alone and place in self._any)

    def _that_expect(self, python: PythonSource) -> Iterator[tuple[int, int]]:
        for node in python.kinds.get("try_statement", ()):
            clauses = (one for one in node.named_children if one.type == "except_clause")
            if any(_HANDLES_NAME_ERROR.search(self._head(one).partition(b"\n")[0]) for one in clauses):
                yield _body(node)

    def _that_ask(self, python: PythonSource) -> Iterator[tuple[int, int]]:
        for kind in ("if_statement", "conditional_expression", "boolean_operator"):
            for node in python.kinds.get(kind, ()):
                asking = [node]
                if kind == "if_statement":
                    parts = [node, *(one for one in node.children_by_field_name("alternative"))]
                    asking = [one for part in parts if (one := part.child_by_field_name("condition")) is not None]
                if any(ASKS.search(self._head(one).decode("utf-8", "replace")) for one in asking):
                    yield node.start_byte, node.end_byte

    def _head(self, node: Node) -> bytes:
        return self._source[node.start_byte : min(node.end_byte, node.start_byte + _HEAD)]


def _body(node: Node) -> tuple[int, int]:
    body = node.child_by_field_name("body") or node
    return body.start_byte, body.end_byte


class _Ranges:
    """Stretches of a source."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start < self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __contains__(self, place: int) -> bool:
        at = bisect_right(self._starts, place) - 1
        return at >= 0 and place < self._ends[at]
