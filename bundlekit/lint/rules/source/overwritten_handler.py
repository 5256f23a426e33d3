"""A handler is replaced by another method of the same name.

Why: If two methods of a class have the same name, Python keeps the second. The first method, with its `@Route`, is gone
before the SDK looks for handlers, without an error. Most often a method was copied and its name not changed.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with a handler for get and one for put, both called `value`, the bundle
comes up, a PUT is answered, and a GET comes back with 404 and "Route '/example' not found."

Fix (unsafe): gives it a name of its own. Then requests reach it.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.routes import Route
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    known = module.functions
    names: dict[tuple[int, str], list[Function]] = {}
    for one in known.values():
        names.setdefault((one.owner, one.name), []).append(one)
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        alike = names[function.owner, function.name] if function is not None and function.owner != -1 else []
        if (
            function is None
            or not alike
            or function is alike[-1]
            or not all(map(_stands_in_its_class, (function, alike[-1])))
        ):
            continue
        name = printable(function.name)[:60]
        message = f"{name} is replaced by another {name} further down, so this handler is never called"
        place, other = (
            span_of(module.text, one.node.child_by_field_name("name") or one.node) for one in (function, alike[-1])
        )
        yield Diagnostic(
            module.path,
            place,
            message,
            "give it a name of its own",
            other=(module.path, other, "the last one"),
            correction=_correction(module, function, route),
        )


def _correction(module: Module, function: Function, route: Route) -> Correction | None:
    """A name of its own: with the method in front, if it is for one."""
    methods, where = route.methods or (), function.node.child_by_field_name("name")
    name = f"{methods[0]}_{function.name}" if len(methods) == 1 else f"{function.name}_before"
    if where is None or not name.isidentifier() or name in module.python.spelled:
        return None
    return unsafe_fix(f"Call it {printable(name)[:60]}", [replaced(module, where, name)])


def _stands_in_its_class(function: Function) -> bool:
    """Whether it is a method that is there in any case, not under an `if` or the like."""
    node = function.node.parent
    if node is not None and node.type == "decorated_definition":
        node = node.parent
    around = node.parent if node is not None else None
    return around is not None and around.type == "class_definition" and around.start_byte == function.owner


RULE = Rule(code="BK330", name="overwritten-handler", severity=Severity.ERROR, page=__doc__, check=check)
