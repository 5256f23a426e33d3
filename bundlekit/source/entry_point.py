"""Which classes of index.py are the bundle, and what in it starts one.

By the SDK (sanji 1.1.2, `sanji.core.Sanji.start`): an object of a class that derives from `Sanji` connects and
registers when its `start()` is called, and not before.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bundlekit.source.modules import Module
from bundlekit.source.routes import brings_code, sanji_names
from bundlekit.source.syntax import Class, PythonSource, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

# To ask for what is around a use takes the longer the larger the module is; nobody writes more of one name.
_MOST_USES = 500
_IS_MAIN = re.compile(r"__name__\s*==|==\s*__name__")
_STARTS_ITSELF = re.compile(rb"\bself\s*\.\s*start\b|\bcls\b|__metaclass__|\bmetaclass\s*=")


class Use(NamedTuple):
    """A name outside of all classes.

    Attributes:
        name: the name.
        node: its identifier.
        function: the function in which it stands, if it is one.
        guarded: whether it stands under `if __name__ == "__main__"`.
    """

    name: str
    node: Node
    function: Node | None
    guarded: bool


@dataclass(frozen=True, slots=True)
class Starting:
    """What starts in index.py, as far as that can be seen.

    Attributes:
        classes: those that derive from Sanji, directly or by another class of index.py.
        last: those of them from which no other class of index.py derives.
        uses: the names outside of all classes.
        starts: those that are `start` and run, for all that can be seen.
        idle: functions with a `start` in them that nothing mentions.
        unclear: whether a start may be there that cannot be seen.
    """

    classes: tuple[Class, ...]
    last: tuple[Class, ...]
    uses: tuple[Use, ...]
    starts: tuple[Use, ...]
    idle: tuple[Node, ...]
    unclear: bool


def starting_of(module: Module) -> Starting:
    """What starts in a module."""
    classes = bundle_classes(module)
    bases = {base for one in classes for base in one.bases}
    last = tuple(one for one in classes if one.name not in bases)
    uses = _uses(module)
    starts: list[Use] = []
    idle: dict[int, Node] = {}
    for use in uses:
        if use.name == "start":
            if use.function is not None and not _is_mentioned(use.function, module):
                idle[use.function.start_byte] = use.function
            else:
                starts.append(use)
    running = [use for use in uses if use.function is None or use.function.start_byte not in idle]
    unclear = not starts and _may_start(module, classes, running)
    return Starting(classes, last, tuple(uses), tuple(starts), tuple(idle.values()), unclear)


def bundle_classes(module: Module) -> tuple[Class, ...]:
    """The classes of a module that derive from Sanji, directly or by another one of them."""
    by_base = defaultdict(list)
    for one in module.python.classes:
        for base in one.bases:
            by_base[base].append(one)
    found: dict[int, Class] = {}
    todo = sorted(sanji_names(module.python))
    while todo:
        for one in by_base.pop(todo.pop(), []):
            if one.node.start_byte not in found:
                found[one.node.start_byte] = one
                todo.append(one.name)
    return tuple(found[start] for start in sorted(found))


def _uses(module: Module) -> list[Use]:
    """The names outside of classes."""
    outer: list[Node] = []
    guards: list[tuple[int, int]] = []
    for node in module.python.of_kinds("class_definition", "function_definition", "if_statement"):
        is_outside = not outer or node.start_byte >= outer[-1].end_byte
        if is_outside and node.type in ("class_definition", "function_definition"):
            outer.append(node)
        elif is_outside and node.type == "if_statement" and _IS_MAIN.search(_head(node, "condition")):
            body = node.child_by_field_name("consequence")
            if body is not None:
                guards.append((body.start_byte, body.end_byte))
    uses = []
    times: Counter[str] = Counter()
    for around, names in _by_place(module.python, outer):
        for node, name in names:
            if times[name] < _MOST_USES:
                place = node.start_byte if around is None else around.start_byte
                times[name] += 1
                uses.append(Use(name, node, around, any(begin <= place < end for begin, end in guards[:10])))
    return uses


def _by_place(python: PythonSource, outer: list[Node]) -> Iterator[tuple[Node | None, Iterable[tuple[Node, str]]]]:
    """The names outside of classes: those between outer definitions, and those in each function."""
    names, words = python.names, python.words
    starts = [name.start_byte for name in names]
    at = 0
    for one in outer:
        begin = bisect_left(starts, one.start_byte, at)
        yield None, zip(names[at:begin], words[at:begin], strict=True)
        at = bisect_left(starts, one.end_byte, begin)
        if one.type == "function_definition":
            yield one, zip(names[begin:at], words[begin:at], strict=True)
    yield None, zip(names[at:], words[at:], strict=True)


def _head(node: Node, field: str) -> str:
    return text_of(node.child_by_field_name(field))


def _is_mentioned(function: Node, module: Module) -> bool:
    """Whether its name stands anywhere but in itself, in classes too."""
    decorated = function.parent is not None and function.parent.type == "decorated_definition"
    there = module.python.spelled.get(_head(function, "name"), [])
    return decorated or any(not function.start_byte <= one.start_byte < function.end_byte for one in there)


def _may_start(module: Module, classes: tuple[Class, ...], uses: list[Use]) -> bool:
    """Whether something that cannot be followed may start the bundle."""
    imports = [one for one in module.python.imports if brings_code(one.module)]
    if any(one.name == "*" for one in imports) or _STARTS_ITSELF.search(module.content):
        return True
    foreign = {one.alias for one in imports}
    if any(one.node.parent is not None and one.node.parent.type == "decorated_definition" for one in classes):
        return True
    names, kept = {one.name for one in classes}, set()
    for use in uses:
        if use.name in foreign or use.name in kept:
            return True
        if use.name in names:
            around = _made(use)
            if around is None:
                return True
            kept.add(text_of(around.child_by_field_name("left")))
    return False


def kept_in(starting: Starting) -> set[str]:
    """The names under which objects of the bundle's classes are kept."""
    names = {one.name for one in starting.classes}
    around = (_made(use) for use in starting.uses if use.name in names)
    return {text_of(one.child_by_field_name("left")) for one in around if one is not None} - {""}


def _made(use: Use) -> Node | None:
    """The statement, or assignment to a name, that consists of a call of a class; None for any other use of it."""
    call = use.node.parent
    around = call.parent if call is not None and call.type == "call" else None
    if around is None or around.type not in ("assignment", "expression_statement"):
        return None
    target = around.child_by_field_name("left")
    return around if target is None or target.type == "identifier" else None
