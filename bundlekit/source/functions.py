"""The functions of a source, what stands in them, and which methods they call."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from bundlekit.source.syntax import Import, PythonSource, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_START = attrgetter("start_byte")
_DEEPEST = 2  # calls between methods of a class that are followed from the first on
_PLAIN_NAME = re.compile(r"(?!(?:None|True|False)\b)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_LONGEST_NAME = 200  # bytes; longer ones are expressions
_MOST_LOOPS = 10  # of a function; each break is compared with each loop


@dataclass(slots=True)
class Function:
    """A function.

    Attributes:
        name: its name.
        owner: where the class that it is a method of starts, or -1.
        node: its definition.
        decorators: how many it has.
        everything: the kept nodes of its source. A reference to the source itself would make a circle, which stays in
            memory until Python collects garbage.
        all_kinds: their kinds.
        inside: the stretches of them that stand in it, around functions and classes inside it: from an index up to, not
            including, another one.
    """

    name: str
    owner: int
    node: Node
    decorators: int
    everything: list[Node]
    all_kinds: list[str]
    inside: list[tuple[int, int]] = field(default_factory=list)
    _kinds: dict[str, list[int]] | None = None
    _parameters: list[Node] | None = None
    _calls: list[tuple[str, Node]] | None = None

    @property
    def kinds(self) -> dict[str, list[int]]:
        """Where in the source's kept nodes those are that stand in it, by their kind; what stands in functions and
        classes inside it is left out.
        """
        if self._kinds is None:
            self._kinds = {}
            for start, end in self.inside:
                for index, kind in enumerate(self.all_kinds[start:end], start):
                    self._kinds.setdefault(kind, []).append(index)
        return self._kinds

    def of_kinds(self, *kinds: str) -> list[Node]:
        """What stands in it of some kinds, in the order of the source; see `kinds`."""
        nodes = self.everything
        if len(kinds) == 1:
            return [nodes[index] for index in self.kinds.get(kinds[0], ())]
        return [nodes[index] for index in sorted(index for kind in kinds for index in self.kinds.get(kind, ()))]

    @property
    def parameters(self) -> list[Node]:
        """Its parameters, stars and all."""
        if self._parameters is None:
            given = self.node.child_by_field_name("parameters")
            self._parameters = (
                [one for one in given.named_children if one.type != "comment"] if given is not None else []
            )
        return self._parameters

    def calls(self) -> list[tuple[str, Node]]:
        """The calls in it by the dotted names that are called, such as `time.sleep`."""
        if self._calls is None:
            named = ((dotted_name(node.child_by_field_name("function")), node) for node in self.of_kinds("call"))
            self._calls = [(name, node) for name, node in named if name]
        return self._calls


def functions_of(python: PythonSource) -> dict[int, Function]:
    """The functions of a source by where they start.

    Only what opens a scope is looked at; what stands between two of those belongs to one function, or to none.
    """
    nodes, kinds = python.nodes, python.node_kinds
    found: dict[int, Function] = {}
    around: list[tuple[int, Node, Function | None]] = []  # the index behind the last node inside
    pending = 0
    at = 0  # up to where nodes were given to functions
    for index in python.marks:
        node = nodes[index]
        kind = kinds[index]
        at = _give(around, at, index)
        if around and around[-1][2] is not None:
            around[-1][2].inside.append((index, index + 1))
        at = index + 1
        if kind == "decorator":
            pending += 1
            continue
        end = bisect_left(nodes, node.end_byte, at, key=_START)
        function = None
        if kind == "function_definition":
            count, pending = pending, 0
            is_method = bool(around) and around[-1][1].type == "class_definition"
            owner = around[-1][1].start_byte if is_method else -1
            name = text_of(node.child_by_field_name("name"))
            function = found[node.start_byte] = Function(name, owner, node, count, nodes, kinds)
        elif kind == "class_definition":
            pending = 0
        around.append((end, node, function))
    _give(around, at, len(nodes))
    return found


def _give(around: list[tuple[int, Node, Function | None]], at: int, end: int) -> int:
    """Give the nodes from one index up to another to what is around them, and leave that where it ends."""
    while around:
        last, _, function = around[-1]
        if function is not None and at < min(last, end):
            function.inside.append((at, min(last, end)))
        at = max(at, min(last, end))
        if last > end:
            break
        around.pop()
    return end


def dotted_name(node: Node | None) -> str:
    """`a.b.c` as it is written, or empty for what is no such name."""
    if node is None or node.end_byte - node.start_byte > _LONGEST_NAME:
        return ""
    if node.type not in ("attribute", "identifier"):
        return ""
    written = text_of(node)
    if _PLAIN_NAME.fullmatch(written) is not None and not node.has_error:
        return written
    parts = []
    while node is not None and node.type == "attribute":
        parts.append(text_of(node.child_by_field_name("attribute")))
        node = node.child_by_field_name("object")
    if node is None or node.type != "identifier":
        return ""
    return ".".join([text_of(node), *reversed(parts)])


def run_from(known: dict[int, Function], first: list[Function]) -> list[tuple[Function, Function]]:
    """Some functions, the methods of their class that they call, and those that these call. Each comes once, with the
    first of those functions that it runs for.
    """
    methods = methods_of(known)
    layer = [(one, one) for one in first]
    found: dict[int, tuple[Function, Function]] = {}
    for _ in range(_DEEPEST + 1):
        fresh = {one.node.start_byte: (one, handler) for one, handler in reversed(layer)}
        layer = []
        for start in sorted(fresh.keys() - found.keys()):
            one, handler = found[start] = fresh[start]
            names = {name.removeprefix("self.") for name, _ in one.calls() if name.startswith("self.")}
            called = (methods.get((one.owner, name)) for name in sorted(names))
            layer += [(method, handler) for method in called if method is not None]
    return list(found.values())


def methods_of(known: dict[int, Function]) -> dict[tuple[int, str], Function]:
    """The methods by their class and name."""
    return {(one.owner, one.name): one for one in known.values() if one.owner != -1}


def endless_loops(function: Function) -> Iterator[Node]:
    """The loops in a function that can be seen to have no end: `while True` that nothing leaves."""
    loops = function.of_kinds("while_statement", "for_statement")
    if not loops:
        return
    leaves = function.of_kinds("return_statement", "raise_statement", "yield", "await")
    breaks = function.of_kinds("break_statement")
    ends = [call for name, call in function.calls() if name.rpartition(".")[2] in ("exit", "_exit", "abort")]
    for loop in loops[:_MOST_LOOPS]:
        condition = loop.child_by_field_name("condition")
        if condition is None or text_of(condition) not in ("True", "1"):
            continue
        inner = [one for one in loops if one.start_byte > loop.start_byte and one.end_byte <= loop.end_byte]
        own = [
            one for one in breaks if is_in(one, loop) and not any(is_in(one, other) for other in inner[:_MOST_LOOPS])
        ]
        if not own and not any(is_in(one, loop) for one in (*leaves, *ends)) and not loop.has_error:
            yield loop


def comparison_parts(node: Node) -> tuple[list[str], list[Node]]:
    """The operators of a comparison, and what is compared; of `1 <= x < 5` two operators and three sides."""
    operators = [text_of(one) for one in node.children_by_field_name("operators")]
    return operators, [one for one in node.named_children if one.type != "comment"]


def is_in(node: Node, around: Node) -> bool:
    """Whether one node starts inside of another."""
    return around.start_byte <= node.start_byte < around.end_byte


def imported_names(python: PythonSource) -> dict[str, str]:
    """What each name that a source imports stands for: `sleep` for `time.sleep` behind `from time import sleep`."""
    return {one.alias: f"{one.module}.{one.name}" if one.name else _imported_as(one) for one in python.imports}


def full_name(imported: dict[str, str], name: str) -> str:
    """A dotted name with what its first part was imported as."""
    head, dot, rest = name.partition(".")
    return imported.get(head, head) + dot + rest


def _imported_as(one: Import) -> str:
    """`import a.b` binds `a`, `import a.b as c` binds `c` to `a.b`."""
    return one.alias if one.module.partition(".")[0] == one.alias else one.module


def arguments(call: Node) -> tuple[list[Node], dict[str, Node], bool]:
    """The arguments of a call: those by place, those by name, and whether there may be more by a star."""
    given = call.child_by_field_name("arguments")
    places: list[Node] = []
    names: dict[str, Node] = {}
    is_open = False
    for one in given.named_children if given is not None else ():
        value = one.child_by_field_name("value") if one.type == "keyword_argument" else None
        if value is not None:
            names[text_of(one.child_by_field_name("name"))] = value
        elif one.type in ("list_splat", "dictionary_splat"):
            is_open = True
        elif one.type != "comment":
            places.append(one)
    return places, names, is_open
