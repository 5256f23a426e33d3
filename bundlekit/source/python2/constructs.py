"""Constructs that Python 2.7 refuses, each told by its own node."""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bundlekit.source.python2 import signatures
from bundlekit.source.python2.incompatibility import Incompatibility, Look, looks_at
from bundlekit.source.syntax import PythonSource, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

FUTURES = frozenset(
    {
        "absolute_import",
        "division",
        "generators",
        "nested_scopes",
        "print_function",
        "unicode_literals",
        "with_statement",
    }
)

_ALWAYS = {
    "keyword_separator": ("a bare * between parameters", "take **kwargs and look the name up in it"),
    "positional_separator": ("a / between parameters", "leave it out"),
    "named_expression": ("an assignment by := in an expression", "assign in a statement of its own before"),
    "nonlocal_statement": ("nonlocal", "keep the value in a list or an object that both functions see"),
    "match_statement": ("match", "write if and elif"),
    "type_parameter": ("type parameters", "leave them out"),
    "async": ("async", "use a thread"),
    "@=": ("the operator @=", ""),
}
_LOOKS: dict[str, Look] = {**signatures.LOOKS}
_PREFIX = re.compile(r"[uUbB]?[rR]?['\"`]")
_PREFIX_LETTERS = b"bfrtuBFRTU"
_NAME_LETTERS = string.ascii_letters.encode() + b"_"
_QUOTE = re.compile(rb"['\"`](?<=[bfrtuBFRTU].)")  # the quote first: the letters are everywhere
_NUMBER_WITH_UNDERSCORE = re.compile(rb"[0-9][0-9A-Za-z.]*_")
_LISTS = {"argument_list": rb"\*", "lambda_parameters": rb"[*:]", "parameters": rb"[*:]"}  # what they need to be seen
_KEYWORD_IN_IMPORT = re.compile(r"(?:^|[\s.,(])(print|exec)(?=$|[\s.,);])")


def by_themselves(python: PythonSource, utf8: bytes) -> Iterator[Incompatibility]:
    """What is refused wherever it stands, but for where it always could."""
    if next(_refused(_suspicious(python, utf8)), None) is not None:
        yield from _refused(python.nodes)


def _refused(nodes: list[Node]) -> Iterator[Incompatibility]:
    allowed = _allowed(nodes)
    for node in nodes:
        kind = node.type
        if (look := _LOOKS.get(kind)) is not None:
            if node.id not in allowed:
                yield from look(node)
        elif (always := _ALWAYS.get(kind)) is not None and node.id not in allowed:
            yield Incompatibility(node, *always)


def _suspicious(python: PythonSource, utf8: bytes) -> list[Node]:
    """The nodes without those of which the text tells at once that nothing is refused; bases come behind classes."""
    kinds = {*_LOOKS, *_ALWAYS, "subscript", "with_clause"} & python.kinds.keys()
    if all(_PREFIX.match(prefix) for prefix in _prefixes(utf8)):
        kinds -= {"string"}
    if _NUMBER_WITH_UNDERSCORE.search(utf8) is None:
        kinds -= {"integer", "float"}
    if python.error is None:  # else the parser may have filled in a sign that is not there
        kinds -= _without_signs(python, utf8)
    lists = [
        node
        for kind, sign in _LISTS.items()
        if kind in kinds
        for marks in [[found.start() for found in re.finditer(sign, utf8)] + [len(utf8)]]
        for node in python.kinds[kind]
        if marks[bisect_left(marks, node.start_byte)] < node.end_byte
    ]
    return [node for kind in kinds - _LISTS.keys() for node in python.kinds[kind]] + lists


def _without_signs(python: PythonSource, utf8: bytes) -> set[str]:
    """The kinds of nodes that are refused, or allow others, only with a sign or a word that the text does not have."""
    kinds: set[str] = set()
    if b"->" not in utf8:
        kinds.add("function_definition")
    if b"print" not in utf8 and b"exec" not in utf8:
        kinds |= {"import_statement", "import_from_statement"}
    if utf8.count(b"@") <= len(python.kinds.get("decorator", ())):  # each begins with one
        kinds.add("binary_operator")
    if "ellipsis" not in python.kinds:
        kinds.add("subscript")
    if "as_pattern" not in python.kinds:
        kinds.add("with_clause")
    return kinds


def _prefixes(utf8: bytes) -> Iterator[str]:
    """What may be the prefix of a string, with the quote."""
    for found in _QUOTE.finditer(utf8):
        begin = end = found.start()
        while begin and utf8[begin - 1] in _PREFIX_LETTERS:
            begin -= 1
        if not begin or utf8[begin - 1] not in _NAME_LETTERS:
            yield utf8[begin : end + 1].decode("ascii")


def _allowed(nodes: list[Node]) -> set[int]:
    """The stars, ellipses and `as` that stand where they always could."""
    allowed: set[int] = set()
    bases = set()
    for node in nodes:
        kind = node.type
        if kind == "class_definition" and (those := node.child_by_field_name("superclasses")) is not None:
            bases.add(those.id)
        elif kind in ("argument_list", "parameters", "lambda_parameters") and node.id not in bases:
            allowed.update(child.id for child in node.named_children if "splat" in child.type)
        elif kind == "subscript":
            allowed.update(child.id for child in node.named_children if child.type == "ellipsis")
        elif kind == "except_clause":
            allowed.update(child.id for child in node.named_children if child.type == "as_pattern")
        elif kind == "with_clause" and node.children and node.children[0].type != "(":
            values = (item.child_by_field_name("value") for item in node.named_children)
            allowed.update(value.id for value in values if value is not None and value.type == "as_pattern")
    return allowed


@looks_at(_LOOKS, "string")
def _string(node: Node) -> Iterator[Incompatibility]:
    start = node.children[0] if node.children else node
    prefix = text_of(start)
    if start.type != "string_start" or _PREFIX.match(prefix) is not None:
        return
    letters = prefix.rstrip("'\"").lower()
    if "f" in letters:
        yield Incompatibility(start, "an f-string", 'write "{}".format(...)')
    elif "t" in letters:
        yield Incompatibility(start, "a t-string")
    else:
        yield Incompatibility(start, f"the prefix {letters} of a string", "write br" if letters == "rb" else "")


@looks_at(_LOOKS, "integer", "float")
def _number(node: Node) -> Iterator[Incompatibility]:
    if node.end_byte - node.start_byte < 1000 and "_" in text_of(node):
        yield Incompatibility(node, "an underscore in a number", "leave it out")


@looks_at(_LOOKS, "await")
def _await(node: Node) -> Iterator[Incompatibility]:
    awaited = node.named_children[0] if node.named_children else None
    head = text_of(awaited)[:1] if awaited is not None else ""
    if head not in ("(", "[", "-", "+"):  # else Python 2.7 takes `await` for a name
        yield Incompatibility(node, "await", "use a thread")


@looks_at(_LOOKS, "list_splat", "list_splat_pattern")
def _star(node: Node) -> Iterator[Incompatibility]:
    what = (
        "among the targets of an assignment" if node.type == "list_splat_pattern" else "outside the arguments of a call"
    )
    yield Incompatibility(node, f"a star {what}", "take the parts by their index, or join lists by +")


@looks_at(_LOOKS, "dictionary_splat")
def _two_stars(node: Node) -> Iterator[Incompatibility]:
    yield Incompatibility(node, "a ** outside the arguments of a call", "make the dict with dict(), then update() it")


@looks_at(_LOOKS, "ellipsis")
def _ellipsis(node: Node) -> Iterator[Incompatibility]:
    yield Incompatibility(node, "... outside an index", "write pass, or Ellipsis")


@looks_at(_LOOKS, "as_pattern")
def _as(node: Node) -> Iterator[Incompatibility]:
    yield Incompatibility(
        node, "parentheses around what `with` opens", "break the line with a backslash, or nest two with"
    )


@looks_at(_LOOKS, "type_alias_statement")
def _type(node: Node) -> Iterator[Incompatibility]:
    if text_of(node.child_by_field_name("left"))[:1] != "(":  # else a call of type() begins what is assigned to
        yield Incompatibility(node, "a type alias", "leave it out")


@looks_at(_LOOKS, "yield")
def _yield(node: Node) -> Iterator[Incompatibility]:
    if len(node.children) > 1 and node.children[1].type == "from":
        yield Incompatibility(node, "yield from", "write a loop that yields each")


@looks_at(_LOOKS, "raise_statement")
def _raise(node: Node) -> Iterator[Incompatibility]:
    if (cause := node.child_by_field_name("cause")) is not None:
        yield Incompatibility(cause, "raise ... from", "leave `from` and what follows it out")


@looks_at(_LOOKS, "binary_operator")
def _operator(node: Node) -> Iterator[Incompatibility]:
    operator = node.child_by_field_name("operator")
    if operator is not None and operator.type == "@":
        yield Incompatibility(operator, "the operator @")


@looks_at(_LOOKS, "except_clause")
def _except(node: Node) -> Iterator[Incompatibility]:
    if len(node.children) > 1 and node.children[1].type == "*":
        yield Incompatibility(node.children[1], "except*", "write except")


@looks_at(_LOOKS, "decorator")
def _decorator(node: Node) -> Iterator[Incompatibility]:
    """A dotted name, called or not, is all that can decorate."""
    one = node.named_children[0] if node.named_children else None
    if one is not None and one.type == "call":
        one = one.child_by_field_name("function")
    while one is not None and one.type == "attribute":
        one = one.child_by_field_name("object")
    if one is not None and one.type != "identifier":
        yield Incompatibility(
            one, "a decorator that is more than a name and a call", "give it a name first, then decorate by that"
        )


@looks_at(_LOOKS, "future_import_statement")
def _future(node: Node) -> Iterator[Incompatibility]:
    for name in future_names(node):
        if text_of(name) not in FUTURES:
            yield Incompatibility(name, f"the import of {text_of(name)[:40]} from __future__", "leave it out")


def future_names(node: Node) -> Iterator[Node]:
    """What an import from `__future__` names."""
    for name in node.children_by_field_name("name"):
        inner = name.child_by_field_name("name") if name.type == "aliased_import" else name
        if inner is not None:
            yield inner


@looks_at(_LOOKS, "import_statement", "import_from_statement")
def _import(node: Node) -> Iterator[Incompatibility]:
    for name in chain(node.children_by_field_name("name"), node.children_by_field_name("module_name")):
        found = _KEYWORD_IN_IMPORT.search(text_of(name))
        if found is not None:
            yield Incompatibility(name, f"{found[1]} as a name")
