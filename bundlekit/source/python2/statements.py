"""What Python 2.7 refuses for what stands around it, and names that mean something else to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.source.python2.constructs import future_names
from bundlekit.source.python2.incompatibility import Incompatibility
from bundlekit.source.syntax import PythonSource, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_KEYWORDS = re.compile(rb"\b(?:print|exec)\b")
_OPENS_EXPRESSION = re.compile(rb"[\w\"'`(\[{+~-]|\.\d")
_OWN_SCOPE = frozenset(
    {
        *("class_definition", "function_definition", "lambda"),
        *("generator_expression", "dictionary_comprehension", "set_comprehension"),
    }
)


def in_functions(python: PythonSource) -> Iterator[Incompatibility]:
    """What depends on the function around it: a value returned by a generator, `continue` in `finally`."""
    kinds = python.kinds.keys()
    if not ({"yield", "return_statement"} <= kinds or {"finally_clause", "continue_statement"} <= kinds):
        return
    around: list[Node] = []
    yielding: set[int] = set()
    returns: list[tuple[int, Node]] = []
    for node in python.nodes:
        while around and around[-1].end_byte <= node.start_byte:
            around.pop()
        kind = node.type
        if kind == "continue_statement":
            if around and around[-1].type == "finally_clause":
                yield Incompatibility(node, "continue in finally", "leave the loop's turn behind the try statement")
        elif kind in _OWN_SCOPE or kind in ("for_statement", "while_statement", "finally_clause"):
            around.append(node)
        elif kind == "yield" or (kind == "return_statement" and node.named_children):
            function = next((one.id for one in reversed(around) if one.type in _OWN_SCOPE), 0)
            if kind == "yield":
                yielding.add(function)
            else:
                returns.append((function, node))
    for function, node in returns:
        if function in yielding:
            yield Incompatibility(node, "a value returned by a generator", "return without one, or raise")


def statements_as_names(python: PythonSource, utf8: bytes) -> Iterator[Incompatibility]:
    """`print` and `exec`, statements of Python 2.7, used as functions are."""
    nodes = python.nodes
    futures = (text_of(name) for one in python.kinds.get("future_import_statement", ()) for name in future_names(one))
    is_function = "print_function" in futures
    if is_function:
        for node in nodes:
            if node.type == "print_statement" and not any(child.type == "chevron" for child in node.named_children):
                yield Incompatibility(node, "a print statement behind the import of print_function", "write print(...)")
    if (b"print" not in utf8 and b"exec" not in utf8) or _KEYWORDS.search(utf8) is None:
        return
    starts = {node.start_byte for node in nodes if node.type == "expression_statement"}
    assigned = {node.start_byte for node in nodes if node.type in ("assignment", "augmented_assignment")}
    calls = {node.start_byte: node for node in nodes if node.type == "call" and _calls_keyword(node)}
    for name in python.names:
        word = text_of(name) if name.end_byte - name.start_byte in (4, 5) else ""
        if word != "exec" and (word != "print" or is_function):
            continue
        start = name.start_byte
        if start not in starts or start in assigned or not _is_statement(word, utf8, name.end_byte):
            yield Incompatibility(name, f"{word} as a name", _FUTURE if word == "print" else "")
        elif start in calls:
            yield from _named_arguments(word, calls[start])


_FUTURE = "begin the file with from __future__ import print_function"


def _calls_keyword(node: Node) -> bool:
    function = node.child_by_field_name("function")
    is_clear = function is not None and function.type == "identifier" and not node.has_error
    return is_clear and text_of(function) in ("print", "exec")


def _is_statement(word: str, utf8: bytes, end: int) -> bool:
    rest = re.compile(rb"(?:[ \t\f]|\\\r?\n)*").match(utf8, end)
    at = rest.end() if rest is not None else end
    if word == "print" and utf8[at : at + 1] in (b"", b"\n", b"\r", b";", b"#"):
        return True
    opens = _OPENS_EXPRESSION.match(utf8, at) is not None
    return opens and re.compile(rb"(?:if|in|is|or|and|else|for)\b").match(utf8, at) is None


def _named_arguments(word: str, call: Node) -> Iterator[Incompatibility]:
    arguments = call.child_by_field_name("arguments")
    for argument in arguments.named_children if arguments is not None else ():
        if argument.type in ("keyword_argument", "list_splat", "dictionary_splat"):
            name = text_of(argument.child_by_field_name("name")) + "=" if argument.type == "keyword_argument" else "*"
            yield Incompatibility(argument, f"{word} with {name[:30]}", _FUTURE if word == "print" else "")
            return


def letters(python: PythonSource, utf8: bytes) -> Iterator[Incompatibility]:
    """Names with letters that Python 2.7 knows in no name."""
    if utf8.isascii():
        return
    for name in python.names:
        if not text_of(name).isascii():
            yield Incompatibility(name, "a name with a letter beyond ASCII", "use the letters a to z")
