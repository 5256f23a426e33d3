"""What stands in the functions that answer requests, and in the methods that they call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bundlekit.bundle.modules import Module
from bundlekit.bundle.python_source import text_of
from bundlekit.bundle.routes import Route

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 2
_LONGEST_NAME = 200


@dataclass(slots=True)
class Function:
    """A function.

    Attributes:
        name: its name.
        owner: where the class that it is a method of starts, or -1.
        node: its definition.
        decorators: how many it has.
        nodes: what stands in it, but for what stands in functions and classes inside it.
    """

    name: str
    owner: int
    node: Node
    decorators: int
    nodes: list[Node] = field(default_factory=list)

    @property
    def parameters(self) -> list[Node]:
        """Its parameters, stars and all."""
        parameters = self.node.child_by_field_name("parameters")
        return [one for one in parameters.named_children if one.type != "comment"] if parameters is not None else []

    def calls(self) -> Iterator[tuple[str, Node]]:
        """The calls in it by the dotted names that are called, such as `time.sleep`."""
        for node in self.nodes:
            if node.type == "call":
                name = dotted_name(node.child_by_field_name("function"))
                if name:
                    yield name, node


def functions(module: Module) -> dict[int, Function]:
    """The functions of a module by where they start."""
    found: dict[int, Function] = {}
    around: list[tuple[int, Node, Function | None]] = []
    decorators: dict[int, int] = {}
    pending = 0
    for node in module.python.nodes:
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        if node.type == "decorator":
            pending += 1
        elif node.type in ("function_definition", "class_definition"):
            decorators[node.start_byte], pending = pending, 0
        if around and around[-1][2] is not None:
            around[-1][2].nodes.append(node)
        if node.type == "function_definition":
            is_method = bool(around) and around[-1][1].type == "class_definition"
            owner = around[-1][1].start_byte if is_method else -1
            name = text_of(node.child_by_field_name("name"))
            function = Function(name, owner, node, decorators[node.start_byte])
            found[node.start_byte] = function
            around.append((node.end_byte, node, function))
        elif node.type in ("class_definition", "lambda"):
            around.append((node.end_byte, node, None))
    return found


def run_by(handler: Function, known: dict[int, Function]) -> list[Function]:
    """A handler, and the methods of its class that it calls, and those that these call."""
    methods = {one.name: one for one in known.values() if one.owner == handler.owner != -1}
    found = [handler]
    layer = found
    for _ in range(_DEEPEST):
        names = {name for one in layer for name, _ in one.calls() if name.startswith("self.")}
        called = (methods.get(name.removeprefix("self.")) for name in sorted(names))
        layer = [one for one in called if one is not None and one not in found]
        found += layer
    return found


def handler_of(route: Route, known: dict[int, Function]) -> Function | None:
    """The function under a route, where that is a function."""
    return known.get(route.handler_at) if route.handler else None


def dotted_name(node: Node | None) -> str:
    """`a.b.c` as it is written, or empty for what is no such name."""
    if node is None or node.end_byte - node.start_byte > _LONGEST_NAME:
        return ""
    parts = []
    while node is not None and node.type == "attribute":
        parts.append(text_of(node.child_by_field_name("attribute")))
        node = node.child_by_field_name("object")
    if node is None or node.type != "identifier":
        return ""
    return ".".join([text_of(node), *reversed(parts)])
