"""More than one class in index.py is a bundle.

Why: bundle.json describes one bundle. A class without an object answers nothing: its `@Route`s look handled but are
not. If a program starts two, both register under the name in bundle.json, and the later bundle gets what the gateway
sends to the earlier. A base class of another class in index.py is not a bundle of its own, and neither are two classes
of which the program chooses one.

Evidence: the SDK 1.1.2 begins each registration with the removal of whatever has the bundle's name, and it looks for
routes on the one object that is started.

Bad:

    bundle.json
        "resources": [
          {"methods": "get", "resource": "/example"},
          {"methods": "get", "resource": "/example/status"}
        ]
    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        class Status(Sanji):
            @Route(methods="get", resource="/example/status")
            def status(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt()).start()

Good:

    bundle.json
        "resources": [
          {"methods": "get", "resource": "/example"},
          {"methods": "get", "resource": "/example/status"}
        ]
    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Status(Sanji):
            @Route(methods="get", resource="/example/status")
            def status(self, message, response):
                return response(code=200, data={})


        class Example(Status):
            @Route(methods="get", resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt()).start()
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.entry_point import Starting
from bundlekit.source.modules import Module
from bundlekit.source.syntax import Class, span_of

if TYPE_CHECKING:
    from tree_sitter import Node

_HINT = "put all handlers into one class, which may derive from the others"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module, starting = inspection.source.module, inspection.starting
    if module is None or starting is None:
        return
    by_name = {one.name: one for one in starting.last}
    made = _made(starting, by_name)
    first = next(iter(made), "")
    if len(by_name) < 2 or not first or starting.unclear:
        return
    for name, one in by_name.items():
        where = one.node.child_by_field_name("name") or one.node
        other = (module.path, span_of(module.text, made[first]), "what starts the other one")
        shown = printable(name)[:60]
        if name not in made and not _is_mentioned(module, one):
            message = f"{shown} is a second bundle in {module.path}, and nothing makes an object of it"
            yield Diagnostic(module.path, span_of(module.text, where), message, _HINT, other=other)
        elif name in made and name != first and _block(made[name]) == _block(made[first]):
            message = f"{shown} is a second bundle in {module.path}, which takes over from {printable(first)[:60]}"
            yield Diagnostic(module.path, span_of(module.text, made[name]), message, _HINT, other=other)


def _made(starting: Starting, classes: dict[str, Class]) -> dict[str, Node]:
    """The first call of each class outside of classes, by its name."""
    found: dict[str, Node] = {}
    for use in starting.uses:
        if use.name not in classes or use.name in found:
            continue  # to ask for what is around takes the longer the larger the module is
        around = use.node.parent
        if around is not None and around.type == "call":
            found.setdefault(use.name, around)
    return found


def _is_mentioned(module: Module, one: Class) -> bool:
    """Whether the class is used anywhere but in itself."""
    begin, end = one.node.start_byte, one.node.end_byte
    there = (name.start_byte for name in module.python.spelled.get(one.name, ()))
    return any(not begin <= place < end for place in there)


def _block(node: Node) -> int:
    """Where the block of statements around a node starts."""
    around = node.parent
    while around is not None and around.type not in ("block", "module"):
        around = around.parent
    return -1 if around is None else around.start_byte


RULE = Rule(code="BK321", name="several-bundle-classes", severity=Severity.WARNING, page=__doc__, check=check)
