"""Edits of Python code that rules offer: they leave every other byte as it is, and write line ends as the file does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundlekit.bundle.text import Span
from bundlekit.lint.finding import Edit
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of

if TYPE_CHECKING:
    from tree_sitter import Node


_MOST_IMPORTS = 50  # of which the first one at the top is looked for


def replaced(module: Module, node: Node, text: str) -> Edit:
    """An edit that puts a text in the place of a node.

    Args:
        module: to change.
        node: what is there now.
        text: with a newline at the end of each line but the last one.
    """
    return _edit(span_of(module.text, node), _with_line_ends(module, text))


def inserted(module: Module, at: int, text: str) -> Edit:
    """An edit that inserts a text.

    Args:
        module: to change.
        at: where, in bytes of its UTF-8.
        text: with a newline at the end of each line.
    """
    return cut(module, at, at, text)


def cut(module: Module, start: int, end: int, text: str = "") -> Edit:
    """An edit that puts a text in the place of a part of a module.

    Args:
        module: to change.
        start: where the part begins, in bytes of the UTF-8 of the module.
        end: where it ends.
        text: what comes in its place.
    """
    place = module.text.span(module.text.offset(start), module.text.offset(end))
    return _edit(place, _with_line_ends(module, text))


def indentation(module: Module, node: Node) -> str | None:
    """The white space in front of a statement on its line; None if something else stands there."""
    begin = module.text.utf8.rfind(b"\n", 0, node.start_byte) + 1
    before = module.text.utf8[begin : node.start_byte].decode("utf-8", "replace")
    return None if before.strip(" \t") else before


def _with_line_ends(module: Module, text: str) -> str:
    return text.replace("\n", "\r\n") if b"\r\n" in module.content else text


def _edit(span: Span, text: str) -> Edit:
    return Edit(span.line, span.column, span.end_line, span.end_column, text)


def within(place: Span, written: str, start: int, end: int, text: str) -> Edit:
    """An edit of a part of what stands in a place.

    Args:
        place: the place.
        written: what stands in it.
        start: where in that the part begins, in characters.
        end: where the part ends.
        text: what comes in its place.
    """

    def position(at: int) -> tuple[int, int]:
        lines = written[:at].split("\n")
        return place.line + len(lines) - 1, len(lines[-1]) + (place.column if len(lines) == 1 else 1)

    return Edit(*position(start), *position(end), text)


def with_argument(module: Module, call: Node, argument: str) -> tuple[Edit, ...]:
    """An edit that gives a call one more argument, by its name; none if it has no list of arguments.

    Args:
        module: to change.
        call: in it.
        argument: as it is written, such as `timeout=5`.
    """
    given = call.child_by_field_name("arguments")
    if given is None or given.type != "argument_list" or given.has_error:
        return ()
    before = [one for one in given.named_children if one.type != "comment"]
    if not before:
        return (inserted(module, given.start_byte + 1, argument),)
    return (inserted(module, before[-1].end_byte, f", {argument}"),)


def line_behind(module: Module, statement: Node, line: str) -> tuple[Edit, ...]:
    """An edit that puts a line behind a statement, indented as that is; none if something else is on its lines.

    Args:
        module: to change.
        statement: in it.
        line: without indentation and line end.
    """
    before, utf8 = indentation(module, statement), module.text.utf8
    end = utf8.find(b"\n", statement.end_byte)
    end = len(utf8) if end < 0 else end
    rest = utf8[statement.end_byte : end].strip()
    if before is None or (rest and not rest.startswith(b"#")):
        return ()
    end -= utf8[:end].endswith(b"\r")
    return (inserted(module, end, f"\n{before}{line}"),)


def statement_of(node: Node) -> Node:
    """The statement that a node stands in, or that it is."""
    while node.parent is not None and node.parent.type not in ("block", "module"):
        node = node.parent
    return node


def new_import(module: Module, name: str, use: Node) -> tuple[Edit, ...]:
    """An edit that imports a module in front of the first import at the top; none if no such import is before its use.

    Args:
        module: to change.
        name: of the module that it needs.
        use: where it needs that.
    """
    for one in module.python.imports[:_MOST_IMPORTS]:
        statement = one.node
        while statement.parent is not None and statement.parent.type != "module":
            if statement.parent.type in ("function_definition", "class_definition"):
                break
            statement = statement.parent
        else:
            if statement.start_byte > use.start_byte:
                return ()
            if statement.start_point.column == 0 and statement.type != "future_import_statement":
                return (inserted(module, statement.start_byte, f"import {name}\n"),)
    return ()
