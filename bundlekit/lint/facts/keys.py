"""Which keys of an object a function reads by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bundlekit.source.constants import string_of
from bundlekit.source.functions import Function, arguments, dotted_name
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_NAMES = 10  # of one object in a function; each is looked for in all of it


def keys_read(function: Function, name: str) -> list[tuple[str, Node]]:
    """The keys, each with its place: `data["x"]` and `data.get("x")`.

    Args:
        function: the function.
        name: of the object, dotted, such as `message.data`. A name that is given it once counts too.

    Returns:
        Nothing if the function gives the object, or a key of it, another value.
    """
    body = text_of(function.node.child_by_field_name("body"))
    names = {name, *_aliases(function, name)}
    if len(names) > _MOST_NAMES:
        return []
    for one in names:
        written = re.escape(one)
        change = rf"(?<![\w.]){written}\s*(?:\[[^\]\n]*\]\s*=(?!=)|\.\s*(?:update|setdefault)\b)"
        given = len(re.findall(rf"(?<![\w.]){written}\s*=(?!=)", body))
        if re.search(change, body) or given > (one != name):
            return []
    found = []
    for node in function.of_kinds("subscript", "call"):
        if node.type == "subscript":
            if dotted_name(node.child_by_field_name("value")) not in names:
                continue
            around = node.parent
            key = string_of(node.child_by_field_name("subscript"))
            if key and not (around is not None and around.type == "delete_statement"):
                found.append((key, node))
        else:
            owner, _, method = dotted_name(node.child_by_field_name("function")).rpartition(".")
            places, _, _ = arguments(node)
            key = string_of(places[0]) if places else None
            if method == "get" and owner in names and key:
                found.append((key, node))
    return found


def _aliases(function: Function, name: str) -> set[str]:
    """The names that the object is given in the function."""
    return {
        text_of(node.child_by_field_name("left"))
        for node in function.of_kinds("assignment")
        if dotted_name(node.child_by_field_name("right")) == name
    }
