"""The functions that run while a request waits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bundlekit.source.functions import Function, run_from
from bundlekit.source.modules import Module
from bundlekit.source.routes import Route
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_GIVING = ("assignment", "augmented_assignment", "for_statement", "as_pattern")


def handler_of(route: Route, known: dict[int, Function]) -> Function | None:
    """The function under a route, where that is a function."""
    return known.get(route.handler_at) if route.handler else None


def run_for_requests(module: Module, routes: tuple[Route, ...]) -> list[tuple[Function, Function]]:
    """What runs while a request waits: the handlers, the methods of their class that they call, and those that these
    call. Each comes once, with the first handler that it runs for.
    """
    known = module.functions
    handlers = (handler_of(route, known) for route in routes)
    return run_from(known, [one for one in handlers if one is not None])


def answering(module: Module, routes: tuple[Route, ...]) -> list[tuple[Function, str]]:
    """The handlers that take requests, each once, with the name of what they call to answer.

    Left out are those of another form: with another decorator, or that give the name to something else.
    """
    known = module.functions
    found: list[tuple[Function, str]] = []
    for route in {one.handler_at: one for one in routes}.values():
        function = handler_of(route, known)
        if function is None or function.decorators > 1 or len(function.parameters) < 3 or function.node.has_error:
            continue
        third = function.parameters[2]
        name = text_of(third)
        if third.type == "identifier" and not _is_given_away(function, name):
            found.append((function, name))
    return found


def _is_given_away(function: Function, name: str) -> bool:
    """Whether a function gives a name to something else."""
    if re.search(rf"{re.escape(name)}\s*(?:[,=:)\]]|in\b)", body_of(function)) is None:
        return False  # quickly told of nearly all
    return any(name in _targets(node) for node in function.of_kinds(*_GIVING))


def body_of(function: Function) -> str:
    """The text of a function without its parameters."""
    return text_of(function.node.child_by_field_name("body"))


def _targets(node: Node) -> list[str]:
    """The names that a statement gives to something."""
    target = node.child_by_field_name("left") or node.child_by_field_name("alias")
    return [text_of(one) for one in ([target, *target.named_children] if target is not None else [])]
