"""No class in index.py derives from Sanji.

Why: A bundle is an object of a class of its own that derives from the SDK's `Sanji`: that reads bundle.json, registers
its resources with the gateway, and calls the methods under `@Route`. Nothing is reported if index.py imports modules
that may contain the class, or makes the class in another way.

Evidence: `sanji.core.Sanji` of the SDK 1.1.2 looks for routes among the methods of the object that it is itself; there
is no other place from which the SDK takes them.

Bad:

    index.py
        from sanji.core import Route


        class Example(object):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.routes import brings_code, sanji_names
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or module.python.error is not None or not module.content.strip():
        return
    sanji = sanji_names(module.python)
    if any(brings_code(one.module) for one in module.python.imports):
        return
    if not sanji.isdisjoint(module.python.spelled):
        return
    span, hint = BEGINNING, "write class Example(Sanji), with from sanji.core import Sanji"
    handler = next((route.handler_at for route in inspection.source.routes if route.handler), -1)
    for one in module.python.classes:
        if one.node.start_byte < handler < one.node.end_byte:
            span = span_of(module.text, one.node.child_by_field_name("name") or one.node)
            hint = f"write class {printable(one.name)[:60]}(Sanji)"
    yield Diagnostic(
        module.path, span, f"no class in {module.path} derives from Sanji, so there is no bundle in it", hint
    )


RULE = Rule(code="BK318", name="missing-bundle-class", severity=Severity.WARNING, page=__doc__, check=check)
