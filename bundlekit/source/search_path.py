"""Folders of a bundle in which a module has Python look for modules, such as those that are brought along in `lib/`."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING

from bundlekit.source.syntax import PythonSource, Scope, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_CHANGES = re.compile(r"sys\s*\.\s*path\s*\.\s*(?:append|insert)")
_SAME = re.compile(r"os\s*\.\s*path\s*\.\s*(?:abspath|realpath|normpath)|str")
_FOLDER_OF = re.compile(r"os\s*\.\s*path\s*\.\s*dirname")
_JOINED = re.compile(r"os\s*\.\s*path\s*\.\s*join")
_HERE = re.compile(r"os\s*\.\s*getcwd")
_DEEPEST = 20  # nested calls of os.path
_MOST = 20  # folders that are added; each import is looked for in each


def added_folders(path: str, python: PythonSource) -> tuple[str, ...]:
    """The folders that calls such as `sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))` add.

    Args:
        path: of the module in the bundle.
        python: what stands in it.

    Returns:
        For each call whose folder can be seen and lies in the bundle that folder, empty for the bundle's own. A bundle
        is started in its folder, so that relative paths begin there.
    """
    return tuple(folder for folder, _ in added_at(path, python))


def added_at(path: str, python: PythonSource) -> tuple[tuple[str, Node], ...]:
    """The folders of `added_folders`, each with the call that adds it."""
    if b"sys" not in python.module.source or b"path" not in python.module.source:
        return ()
    found: list[tuple[str, Node]] = []
    for call in python.calls:
        if call.name in ("append", "insert") and len(found) < _MOST:
            function, arguments = call.node.child_by_field_name("function"), call.node.child_by_field_name("arguments")
            given = _parts(arguments)
            if given and _CHANGES.fullmatch(text_of(function)):
                folder = _path(given[-1], call.scope, path, 0)
                if folder is not None and _in_bundle(folder):
                    found.append((posixpath.normpath(folder).removeprefix("."), call.node))
    return tuple(found)


def _in_bundle(folder: str) -> bool:
    return not posixpath.isabs(folder) and posixpath.normpath(folder).partition("/")[0] != ".." and "\0" not in folder


def _path(node: Node, scope: Scope, file: str, depth: int) -> str | None:
    """The path in the bundle that an expression comes to; None if it cannot be seen."""
    if depth > _DEEPEST:
        return None
    match node.type:
        case "string":
            return _string(node)
        case "parenthesized_expression":
            inner = _parts(node)
            return _path(inner[0], scope, file, depth + 1) if inner else None
        case "identifier":
            return file if text_of(node) == "__file__" else _named(text_of(node), scope, file, depth)
        case "binary_operator" if text_of(node.child_by_field_name("operator")) == "+":
            sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
            begin, end = (_path(side, scope, file, depth + 1) if side is not None else None for side in sides)
            if begin is None or end is None or not end.startswith("/"):
                return None
            return posixpath.join(begin, end.lstrip("/"))
        case "call":
            return _called(node, scope, file, depth)
        case _:
            return None


def _called(node: Node, scope: Scope, file: str, depth: int) -> str | None:
    function = text_of(node.child_by_field_name("function"))
    if _HERE.fullmatch(function):
        return ""
    values = [_path(one, scope, file, depth + 1) for one in _parts(node.child_by_field_name("arguments"))]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if _JOINED.fullmatch(function):
        return posixpath.join(*known)
    if len(known) == 1 and _FOLDER_OF.fullmatch(function):
        return posixpath.dirname(known[0]) if known[0] else ".."
    return known[0] if len(known) == 1 and _SAME.fullmatch(function) else None


def _named(name: str, scope: Scope, file: str, depth: int) -> str | None:
    around: Scope | None = scope
    while around is not None and name not in around.bindings:
        around = around.parent
    bound = around.bindings[name] if around is not None else []
    value = bound[0] if len(bound) == 1 else None
    return _path(value, around, file, depth + 1) if value is not None and around is not None else None


def _string(node: Node) -> str | None:
    try:
        value = ast.literal_eval(text_of(node)[:1000])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _parts(node: Node | None) -> list[Node]:
    return [one for one in node.named_children if one.type != "comment"] if node is not None else []
