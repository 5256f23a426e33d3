"""The routes in index.py, or the file that main names: which function answers which method of which resource.

By the SDK (sanji 1.1.2, `sanji.core.Route`): `Route(resource=None, methods=[all four], schema=None)` decorates a
method of a `Sanji` subclass; at the start every decorated method found on the object is registered.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import MAIN, Bundle
from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.reading import ReadError
from bundlekit.bundle.text import BEGINNING, Span, Text
from bundlekit.source.constants import Constants
from bundlekit.source.modules import Module, Parse, parse_module, read_module
from bundlekit.source.syntax import Call, Handler, PythonSource, Scope, span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_REGULAR_EXPRESSION = re.compile(r"[\\()\[\]{}*+?|^$]")


@dataclass(frozen=True, slots=True)
class Route:
    """One `@Route(...)`.

    Attributes:
        resource: as it is written or comes to; None where that cannot be seen, or is a regular expression.
        methods: as they are written or come to; None where that cannot be seen.
        span: the place of the call.
        resource_span: the place of its resource, or of the call.
        methods_span: the place of its methods, or of the call.
        handler: the name of the function that it decorates, or empty.
        handler_at: where in the source that function begins, to tell two of the same name apart.
        docstring: of that function, its indentation taken off; or empty.
        schema: what it is given as `schema=`; None for nothing.
        scope: that it is in.
    """

    resource: str | None
    methods: tuple[str, ...] | None
    span: Span
    resource_span: Span
    methods_span: Span
    handler: str
    handler_at: int
    docstring: str = ""
    schema: Node | None = field(default=None, repr=False, compare=False)
    scope: Scope | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A reason why index.py may have more routes than can be seen in it, and the place that says so."""

    reason: str
    span: Span


@dataclass(frozen=True)
class Source:
    """index.py as it was read, or the file that main names.

    Attributes:
        path: its path in the bundle.
        text: what stands in it.
        read_error: why it could not be read; then there is nothing else.
        routes: in the order of the source.
        elsewhere: why there may be more routes.
        module: what was read, unless there is an error.
    """

    path: str
    text: Text
    read_error: ReadError | None = None
    routes: tuple[Route, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    module: Module | None = field(default=None, repr=False, compare=False)


def read_source(bundle: Bundle, path: str, parse: Parse = parse_module) -> Source:
    """Read the file with the code of a bundle, Python 2 or 3, half-typed or not. Nothing is raised; see `read_error`.

    Args:
        bundle: the bundle.
        path: the file's path in it; see `bundlekit.bundle.manifest.main_of`.
        parse: makes a module of what was read.
    """
    content = read_module(bundle, path)
    if isinstance(content, ReadError):
        return Source(path, Text(""), content)
    return find_routes(content, path, parse)


def find_routes(content: bytes, path: str = MAIN, parse: Parse = parse_module) -> Source:
    """The routes in the bytes of an index.py, or of another file that a bundle's code is in.

    Args:
        content: the bytes.
        path: the file's path in the bundle.
        parse: makes a module of them.
    """
    module = parse(path, content)
    text, found = module.text, module.python
    aliases = {"Route"} | {
        imported.alias for imported in found.imports if imported.name == "Route" and is_sdk(imported.module)
    }
    constants = Constants()
    calls = [call for call in found.calls if call.name in aliases]
    return Source(
        path=path,
        text=text,
        routes=tuple(_route(text, found, constants, call) for call in calls),
        elsewhere=tuple(_elsewhere(module, aliases, calls)),
        module=module,
    )


def is_sdk(module: str) -> bool:
    """Whether a dotted name is the SDK, or a part of it."""
    return module == "sanji" or module.startswith("sanji.")


def _route(text: Text, found: PythonSource, constants: Constants, call: Call) -> Route:
    given, is_open = _arguments(call.node)
    resource_node, methods_node = given.get("resource"), given.get("methods")
    resource = constants.value(resource_node, call.scope)
    if not isinstance(resource, str) or _REGULAR_EXPRESSION.search(resource):
        resource = None
    methods: tuple[str, ...] | None = METHODS
    if methods_node is not None or is_open:
        value = constants.value(methods_node, call.scope)
        methods = (value,) if isinstance(value, str) else value
    span = span_of(text, call.node)
    handler = found.handlers.get(call.node.start_byte, Handler("", call.node.start_byte, None))
    docstring = constants.value(handler.docstring, call.scope)
    return Route(
        resource=resource,
        methods=methods,
        span=span,
        resource_span=span_of(text, resource_node) if resource_node is not None else span,
        methods_span=span_of(text, methods_node) if methods_node is not None else span,
        handler=handler.name,
        handler_at=handler.start,
        docstring=inspect.cleandoc(docstring) if isinstance(docstring, str) else "",
        schema=given.get("schema"),
        scope=call.scope,
    )


def _arguments(call: Node) -> tuple[dict[str, Node], bool]:
    """A Route's arguments by name, and whether there may be more (`*args`, `**kwargs`)."""
    arguments = call.child_by_field_name("arguments")
    given: dict[str, Node] = {}
    positions: Iterator[str] = iter(("resource", "methods", "schema"))
    is_open = False
    for argument in arguments.named_children if arguments is not None else ():
        if argument.type == "keyword_argument":
            value = argument.child_by_field_name("value")
            if value is not None:
                given[text_of(argument.child_by_field_name("name"))] = value
        elif argument.type in ("list_splat", "dictionary_splat"):
            is_open = True
            positions = iter(())
        elif argument.type != "comment":
            given.setdefault(next(positions, ""), argument)
    return given, is_open


def _elsewhere(module: Module, aliases: set[str], calls: list[Call]) -> Iterator[Elsewhere]:
    text, found = module.text, module.python
    seen = {call.callee.start_byte for call in calls}
    used = [(name, written) for written in aliases | {"router"} for name in found.spelled.get(written, ())]
    for name, written in sorted(used, key=lambda one: one[0].start_byte):
        if written in aliases and name.start_byte not in seen:
            yield Elsewhere(f"{written} is used in a way that cannot be followed", span_of(text, name))
        elif written == "router":
            yield Elsewhere("the router is used directly", span_of(text, name))
    unvisited = {one.name: one for one in found.classes}
    known = {*unvisited, "object"}
    sanji = sanji_names(found)
    if not any(base in sanji for one in found.classes for base in one.bases):
        if found.error is not None or any(brings_code(one.module) for one in found.imports):
            yield Elsewhere(f"no class in {module.path} derives from Sanji", BEGINNING)
        return
    todo = [one for one in found.classes if sanji.intersection(one.bases)]
    while todo:
        one = todo.pop()
        for base in one.bases:
            if base in unvisited:
                todo.append(unvisited.pop(base))
            elif base not in sanji and base not in known:
                what = base or "something"
                yield Elsewhere(
                    f"class {one.name} derives from {what}, which is not in {module.path}", span_of(text, one.node)
                )


def sanji_names(found: PythonSource) -> set[str]:
    """What a module calls the SDK's class."""
    return {"Sanji"} | {one.alias for one in found.imports if one.name == "Sanji" and is_sdk(one.module)}


def brings_code(module: str) -> bool:
    """Whether an imported module may be one that brings the bundle's own class: none of the SDK or the library."""
    top = module.partition(".")[0]
    return not is_sdk(module) and top not in sys.stdlib_module_names
