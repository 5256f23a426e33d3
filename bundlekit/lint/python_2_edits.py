"""What to write for Python 2.7 in the place of what it refuses, where that is the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import cut, replaced
from bundlekit.lint.finding import Correction, Edit
from bundlekit.lint.rule import safe_fix, unsafe_fix
from bundlekit.source.modules import Module
from bundlekit.source.python2.incompatibility import Incompatibility
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPED = frozenset({"typed_parameter", "typed_default_parameter"})
_PLAIN = frozenset(
    {"attribute", "binary_operator", "call", "float", "identifier", "integer", "parenthesized_expression", "subscript"}
)
"""What can be an argument of `format` as it stands."""
_OTHER_TEXT = re.compile(r"[^\x00-\x7f]|\\[uU]")
"""What is a character in text of Python 3, and something else in a plain string of Python 2.7."""


def for_python_2(module: Module, one: Incompatibility) -> Correction | None:
    """The correction of something that Python 2.7 refuses; None where it takes more than another spelling."""
    node, around = one.node, one.node.parent
    if around is None or module.python.root.has_error:
        return None
    if node.type in ("integer", "float"):
        return safe_fix("Remove the underscores", [replaced(module, node, text_of(node).replace("_", ""))])
    if node.type == "string_start":
        return _string(module, node, around)
    if around.type == "raise_statement" and around.child_by_field_name("cause") == node:
        raised = around.named_children[0]
        return safe_fix('Remove "from" and what follows it', [cut(module, raised.end_byte, node.end_byte)])
    if node.type == "ellipsis" and around.type == "expression_statement":
        return safe_fix("Write pass", [replaced(module, node, "pass")])
    return _annotation(module, node, around)


def _annotation(module: Module, node: Node, around: Node) -> Correction | None:
    if around.type in _TYPED and around.parent is not None:
        typed = [one for one in around.parent.named_children if one.type in _TYPED]
        edits = [edit for one in typed if (edit := _untyped(module, one)) is not None]
        return safe_fix("Remove the annotations of the parameters", edits) if len(edits) == len(typed) else None
    parameters = around.child_by_field_name("parameters") if around.type == "function_definition" else None
    if parameters is not None and around.child_by_field_name("return_type") == node:
        return safe_fix("Remove the annotation", [cut(module, parameters.end_byte, node.end_byte)])
    if around.type == "assignment" and around.child_by_field_name("type") == node:
        left, right = around.child_by_field_name("left"), around.child_by_field_name("right")
        if left is not None and right is not None:
            return safe_fix("Remove the annotation", [cut(module, left.end_byte, right.start_byte, " = ")])
    return None


def _untyped(module: Module, parameter: Node) -> Edit | None:
    kind, value = parameter.child_by_field_name("type"), parameter.child_by_field_name("value")
    name = parameter.child_by_field_name("name") or next(iter(parameter.named_children), None)
    if kind is None or name is None or name.start_byte >= kind.start_byte:
        return None
    if value is None:
        return cut(module, name.end_byte, kind.end_byte)
    return cut(module, name.end_byte, value.start_byte, "=")


def _string(module: Module, start: Node, string: Node) -> Correction | None:
    written = text_of(start)
    prefix = written.rstrip("'\"")
    if prefix.lower() == "rb":
        return safe_fix("Write br", [cut(module, start.start_byte, start.start_byte + 2, "br")])
    if "f" not in prefix.lower() or (string.parent is not None and string.parent.type == "concatenated_string"):
        return None
    text, given = written[len(prefix) :], []
    inside = re.sub("[fF]", "", prefix)
    parts = string.children[1:]
    at = start.end_byte
    for part in parts:
        if part.type == "interpolation":
            text += module.text.utf8[at : part.start_byte].decode("utf-8", "replace")
            value, shown = _interpolation(part)
            if value is None:
                return None
            given.append(value)
            text += shown
            at = part.end_byte
    text += module.text.utf8[at : string.end_byte].decode("utf-8", "replace")
    if "\\N{" in text:
        return None  # `format` takes it for a field
    if not given and "{" not in text and "}" not in text:
        offer = unsafe_fix if _OTHER_TEXT.search(text) else safe_fix
        return offer("Remove the f", [cut(module, start.start_byte, start.start_byte + len(prefix), inside)])
    return unsafe_fix(
        "Write it with format()", [replaced(module, string, f"{inside}{text}.format({', '.join(given)})")]
    )


def _interpolation(part: Node) -> tuple[str | None, str]:
    """The value of `{value!r:>5}`, and what stands for it in a text that is formatted; None if it is more."""
    value = part.child_by_field_name("expression")
    if value is None or value.type not in _PLAIN or "\n" in text_of(part) or "\\" in text_of(part):
        return None, ""
    rest = [one for one in part.children if one.type not in ("{", "}") and one != value]
    if any(one.type not in ("type_conversion", "format_specifier") or one.named_children for one in rest):
        return None, ""
    return text_of(value), "{" + "".join(map(text_of, rest)) + "}"
