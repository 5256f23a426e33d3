"""What Python 2.7 refuses of parameters, arguments, bases and annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.source.python2.incompatibility import Incompatibility, Look, looks_at
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

LOOKS: dict[str, Look] = {}
"""By kind of node."""

_NO_ANNOTATIONS = "leave the annotations out; a comment or the docstring can say the type"


@looks_at(LOOKS, "parameters")
def _parameters(node: Node) -> Iterator[Incompatibility]:
    typed = (one for one in node.named_children if one.type in ("typed_parameter", "typed_default_parameter"))
    first = next(typed, None)
    if first is not None:
        yield Incompatibility(
            first.child_by_field_name("type") or first, "an annotation of a parameter", _NO_ANNOTATIONS
        )
    yield from _stars(node)


@looks_at(LOOKS, "lambda_parameters")
def _stars(node: Node) -> Iterator[Incompatibility]:
    """Behind `*args` only `**kwargs` may follow, and behind either no comma."""
    star = ""
    for child in node.children:
        kind = child.type
        if kind == "typed_parameter" and child.named_children:
            kind = child.named_children[0].type
        if kind in ("keyword_separator", "positional_separator", "comment"):
            star = "" if kind == "keyword_separator" else star
        elif kind in ("list_splat_pattern", "dictionary_splat_pattern"):
            star = text_of(child)[:30]
        elif star and child.is_named:
            yield Incompatibility(child, f"a parameter behind {star}", "take **kwargs and look the name up in it")
            return
    if star and _ends_in_comma(node):
        yield Incompatibility(node, f"a comma behind {star}", "leave the last comma out")


@looks_at(LOOKS, "argument_list")
def _arguments(node: Node) -> Iterator[Incompatibility]:
    """Behind `*args` only keywords and `**kwargs` may follow, behind `**kwargs` nothing, and then no comma."""
    star = ""
    for child in node.named_children:
        if child.type == "comment":
            continue
        if star.startswith("**") or (star and child.type not in ("keyword_argument", "dictionary_splat")):
            yield Incompatibility(
                child, f"an argument behind {star}", "put it in front, or put all in one list or dict"
            )
            return
        if child.type in ("list_splat", "dictionary_splat"):
            star = (
                text_of(child)[:30] if child.end_byte - child.start_byte < 1000 else "*" * (1 + (child.type[0] == "d"))
            )
    if star and _ends_in_comma(node):
        yield Incompatibility(node, f"a comma behind {star}", "leave the last comma out")


def _ends_in_comma(node: Node) -> bool:
    ends = [child.type for child in node.children if child.type not in (")", "comment")]
    return bool(ends) and ends[-1] == ","


@looks_at(LOOKS, "class_definition")
def _class(node: Node) -> Iterator[Incompatibility]:
    bases = node.child_by_field_name("superclasses")
    for base in bases.named_children if bases is not None else ():
        if base.type == "keyword_argument":
            name = text_of(base.child_by_field_name("name"))
            hint = "write __metaclass__ = ... in the class" if name == "metaclass" else ""
            yield Incompatibility(base, f"a keyword ({name[:30]}=) among the bases of a class", hint)


@looks_at(LOOKS, "function_definition")
def _function(node: Node) -> Iterator[Incompatibility]:
    returned = node.child_by_field_name("return_type")
    if returned is not None:
        yield Incompatibility(returned, "an annotation of what a function returns", _NO_ANNOTATIONS)


@looks_at(LOOKS, "assignment")
def _assignment(node: Node) -> Iterator[Incompatibility]:
    annotation = node.child_by_field_name("type")
    if annotation is not None:
        yield Incompatibility(annotation, "an annotation of a variable", _NO_ANNOTATIONS)
