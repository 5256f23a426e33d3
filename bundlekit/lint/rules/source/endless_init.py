"""The bundle never starts: `init` loops for ever.

Why: The SDK calls `init` while the object is made, before `start()` connects and registers; as long as `init` runs, the
gateway does not know the bundle. An endless loop belongs in `run`, which has a thread of its own.

Evidence: `sanji.core.Sanji.__init__` of the SDK 1.1.2 calls `self.init(*args, **kwargs)` last, and `start()` calls
`run` when the bundle is registered.

Bad:

    index.py
        import time

        from sanji.core import Route, Sanji


        class Example(Sanji):
            def init(self, *args, **kwargs):
                while True:
                    self.measure()
                    time.sleep(60)

            def measure(self):
                self.value = 1

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        import time

        from sanji.core import Route, Sanji


        class Example(Sanji):
            def run(self):
                while True:
                    self.measure()
                    time.sleep(60)

            def measure(self):
                self.value = 1

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.functions import endless_loops, run_from
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module, starting = inspection.source.module, inspection.starting
    if module is None or starting is None or b"while" not in module.content:
        return
    owners = {one.node.start_byte for one in starting.classes}
    known = module.functions
    first = [one for one in known.values() if one.owner in owners and one.name in ("init", "__init__")]
    for function, begin in run_from(known, first):
        for loop in endless_loops(function):
            condition = loop.child_by_field_name("condition") or loop
            message = f"a loop without an end, in which {printable(begin.name)} and the start of the bundle wait"
            yield Diagnostic(module.path, span_of(module.text, condition), message, "run(self) has a thread of its own")


RULE = Rule(code="BK325", name="endless-init", severity=Severity.ERROR, page=__doc__, check=check)
