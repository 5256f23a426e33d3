"""The functions of a bundle's modules that run while a request waits, in whichever module they are.

Followed are methods of the same class and of classes that it derives from, functions of the module and of modules that
it imports, and methods of objects that are made from a class of the bundle. A function that is handed to something
else, such as a thread, is not called here and not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.bundle.files import Files
from bundlekit.source.functions import Function, dotted_name
from bundlekit.source.modules import MOST_IMPORTS, Module, imported_files
from bundlekit.source.request_functions import handler_of
from bundlekit.source.routes import Route
from bundlekit.source.syntax import Class, Import, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 4  # calls that are followed one from another; what is further away is a guess
_MOST_FUNCTIONS = 500  # of a bundle
_MOST_REEXPORTS = 3  # modules that give on a name of another one
_ELSEWHERE = re.compile(r"thread|async|background|daemon|greenlet|coroutine|gen\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reached:
    """A function that runs while a request waits.

    Attributes:
        module: its module.
        function: the function.
        handler: the first handler that it runs for.
    """

    module: Module
    function: Function
    handler: Function


class Calls:
    """Which function of a bundle a call runs, as far as that can be seen."""

    def __init__(self, files: Files, modules: Iterable[Module]) -> None:
        """`modules`: index.py first."""
        self._files = files
        self._modules = {module.path: module for module in modules}
        self._tables: dict[str, _Table] = {}
        self._found: dict[tuple[str, str], tuple[str, str]] = {}

    def reached(self, main: Module, routes: Iterable[Route]) -> tuple[Reached, ...]:
        """The handlers in a module, what they call, what that calls and so on; each function comes once."""
        known = main.functions
        handlers = (handler_of(route, known) for route in routes)
        layer = [Reached(main, handler, handler) for handler in handlers if handler is not None]
        found: dict[tuple[str, int], Reached] = {}
        for _ in range(_DEEPEST + 1):
            fresh = []
            for one in layer:
                key = (one.module.path, one.function.node.start_byte)
                if key not in found and len(found) < _MOST_FUNCTIONS:
                    found[key] = one
                    fresh.append(one)
            layer = [
                Reached(*called, one.handler)
                for one in fresh
                for called in self.called_by(one.module, one.function)
                if not _runs_elsewhere(called[1])
            ]
        return tuple(found.values())

    def called_by(self, module: Module, function: Function) -> Iterable[tuple[Module, Function]]:
        """What the calls in a function run."""
        for name, _ in function.calls():
            called = self.called(module, function, name)
            if called is not None:
                yield called

    def called(self, module: Module, function: Function, name: str) -> tuple[Module, Function] | None:
        """What the call of a dotted name in a function runs, or None.

        Args:
            module: with the function.
            function: with the call.
            name: dotted, such as `self.read`.
        """
        table = self._table(module)
        head, _, rest = name.partition(".")
        if head in ("self", "cls") and function.owner != -1:
            owner = table.classes_at.get(function.owner)
            return self._of_object(module, owner, rest) if owner is not None else None
        if not rest:
            return self._function(module, name) or self._constructor(module, name)
        made = _made(function, head) or table.made.get(head)
        if made:
            place = self._class(module, made)
            return self._of_object(*place, rest) if place is not None else None
        return self._function(module, name) or self._static(module, name)

    def _of_object(self, module: Module, owner: Class, rest: str, depth: int = 0) -> tuple[Module, Function] | None:
        """The method of an object by its name, or by the attribute in which another object is: `client.fetch`."""
        attribute, _, method = rest.partition(".")
        if not method:
            return self._method(module, owner, attribute)
        made = self._table(module).attributes.get((owner.node.start_byte, attribute))
        place = self._class(module, made) if made else None
        return self._of_object(*place, method, depth + 1) if place is not None and depth < _DEEPEST else None

    def _method(self, module: Module, owner: Class, name: str, depth: int = 0) -> tuple[Module, Function] | None:
        found = self._table(module).methods.get((owner.node.start_byte, name))
        if found is not None:
            return module, found
        for base in owner.bases if depth < _DEEPEST else ():
            place = self._class(module, base) if base != owner.name else None
            found_there = self._method(*place, name, depth + 1) if place is not None else None
            if found_there is not None:
                return found_there
        return None

    def _function(self, module: Module, name: str) -> tuple[Module, Function] | None:
        place = self._place(module, name)
        function = self._table(place[0]).functions.get(place[1]) if place is not None else None
        return (place[0], function) if place is not None and function is not None else None

    def _class(self, module: Module, name: str) -> tuple[Module, Class] | None:
        place = self._place(module, name)
        found = self._table(place[0]).classes.get(place[1]) if place is not None else None
        return (place[0], found) if place is not None and found is not None else None

    def _constructor(self, module: Module, name: str) -> tuple[Module, Function] | None:
        place = self._class(module, name)
        return self._method(*place, "__init__") if place is not None else None

    def _static(self, module: Module, name: str) -> tuple[Module, Function] | None:
        """`Class.method(...)`, or `module.Class(...)`."""
        owner, _, method = name.rpartition(".")
        place = self._class(module, owner)
        return self._method(*place, method) if place is not None else self._constructor(module, name)

    def _place(self, module: Module, name: str, depth: int = 0) -> tuple[Module, str] | None:
        """The module of the bundle in which something with a dotted name is defined, and its name there."""
        head, dot, rest = name.partition(".")
        table = self._table(module)
        if not dot and (head in table.functions or head in table.classes):
            return module, head
        one = table.imports.get(head)
        if one is None or depth > _MOST_REEXPORTS:
            return None
        if one.name:
            whole = f"{one.module.removesuffix('.')}.{one.name}{dot}{rest}"
        elif one.alias == one.module.partition(".")[0]:
            whole = name  # import a.b binds a
        else:
            whole = one.module + dot + rest
        path, left = self._file(module, whole)
        found = self._modules.get(path)
        return self._place(found, left, depth + 1) if found is not None and left else None

    def _file(self, importer: Module, name: str) -> tuple[str, str]:
        """The file of the bundle that the longest beginning of a dotted name is, and the rest of the name."""
        key = (importer.path, name)
        if key not in self._found:
            parts = name.split(".")
            self._found[key] = ("", name)
            for count in range(len(parts) - 1, 0, -1):
                inner = "/".join(part for part in parts[:count] if part)
                beginning = ".".join(parts[:count]) if inner else "." * count
                wanted = (f"{inner}.py", f"{inner}/__init__.py") if inner else ("__init__.py",)
                files = imported_files(self._files, importer, Import(beginning, "", "", importer.python.root))
                path = next((one for one in files if f"/{one}".endswith(tuple(f"/{end}" for end in wanted))), "")
                if path:
                    self._found[key] = (path, ".".join(parts[count:]))
                    break
        return self._found[key]

    def _table(self, module: Module) -> _Table:
        if module.path not in self._tables:
            self._tables[module.path] = _Table(module)
        return self._tables[module.path]


class _Table:
    """The names of a module."""

    def __init__(self, module: Module) -> None:
        python = module.python
        once = {name for name, bound in python.module.bindings.items() if len(bound) == 1}
        known = module.functions
        self.functions = {
            one.name: one for one in known.values() if one.owner == -1 and one.name in once and _is_at_top(one.node)
        }
        self.classes = {one.name: one for one in python.classes if one.name in once}
        self.classes_at = {one.node.start_byte: one for one in python.classes}
        self.imports = {one.alias: one for one in python.imports[:MOST_IMPORTS]}
        self.methods = {(one.owner, one.name): one for one in known.values() if one.owner != -1}
        self.made = {
            name: made
            for name in once
            if (bound := python.module.bindings[name][0]) is not None and (made := _class_called(bound))
        }
        self.attributes: dict[tuple[int, str], str] = {}
        for one in known.values():
            if one.owner != -1:
                self._note_attributes(one)

    def _note_attributes(self, method: Function) -> None:
        for node in method.of_kinds("assignment"):
            name = dotted_name(node.child_by_field_name("left"))
            made = _class_called(node.child_by_field_name("right"))
            if name.startswith("self.") and made:
                self.attributes.setdefault((method.owner, name.removeprefix("self.")), made)


def _made(function: Function, name: str) -> str:
    """What a function calls to make what it keeps under a name; empty if that cannot be seen."""
    for node in function.of_kinds("assignment"):
        if text_of(node.child_by_field_name("left")) == name:
            return _class_called(node.child_by_field_name("right"))
    return ""


def _class_called(value: Node | None) -> str:
    return dotted_name(value.child_by_field_name("function")) if value is not None and value.type == "call" else ""


def _is_at_top(node: Node) -> bool:
    parent = node.parent
    if parent is not None and parent.type == "decorated_definition":
        parent = parent.parent
    return parent is not None and (parent.parent is None or parent.type == "block")


def _runs_elsewhere(function: Function) -> bool:
    """Whether a decorator may run the function in a thread of its own."""
    around = function.node.parent if function.decorators else None
    if around is None or around.type != "decorated_definition":
        return False
    return any(_ELSEWHERE.search(text_of(one)) for one in around.named_children if one.type == "decorator")
