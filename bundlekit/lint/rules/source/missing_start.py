"""Nothing in index.py starts the bundle.

Why: The gateway runs `python index.py`. An object of the bundle's class connects and registers when its `start()` is
called; without that the program ends at once, or does nothing, and the gateway knows no such resource. Nothing is
reported if a class, a decorator or another module may call it.

Evidence: with the SDK 1.1.2 under Python 2.7.18, an index.py that only defines its class ends with exit status 0, and
one that only makes the object does too; neither connects to the broker.

Bad:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt())

Good:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})


        if __name__ == "__main__":
            Example(connection=Mqtt()).start()
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.syntax import span_of, text_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module, starting = inspection.source.module, inspection.starting
    if module is None or starting is None:
        return
    if not starting.last or starting.starts or starting.unclear:
        return
    if starting.idle:
        name = starting.idle[-1].child_by_field_name("name") or starting.idle[-1]
        called = printable(text_of(name))[:60]
        message = f"nothing calls {called}, so nothing starts the bundle"
        hint = f'call {called}() under if __name__ == "__main__"'
    else:
        one = starting.last[-1]
        name = one.node.child_by_field_name("name") or one.node
        called = printable(one.name)[:60]
        message = f"nothing starts {called}, expected a call of its start()"
        hint = f'write {called}(connection=Mqtt()).start() under if __name__ == "__main__"'
    yield Diagnostic(module.path, span_of(module.text, name), message, hint)


RULE = Rule(code="BK319", name="missing-start", severity=Severity.WARNING, page=__doc__, check=check)
