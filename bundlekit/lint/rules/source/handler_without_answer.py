"""A path through a handler ends without an answer.

Why: The SDK sends what `response(...)` is called with and nothing else, whatever a handler returns. Where it is not
called, the client waits until the ttl is over, for a minute at most. An exception is answered with 500. Any use of
`response` counts as an answer, so it is sufficient to pass it to another function.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a handler that returns `{"code": 200}` instead of calling `response`
gives the client a 408 when the ttl is over; a handler that raises, a 500 at once.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                if message.method == "get":
                    return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                if message.method == "get":
                    return response(code=200, data={})
                return response(code=400, data={"message": "get is all that there is"})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.control_flow import ControlFlow
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    known = module.functions
    yields = "yield" in module.python.kinds
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        if function is None or function.decorators > 1 or len(function.parameters) < 3 or function.node.has_error:
            continue
        third = function.parameters[2]
        body = function.node.child_by_field_name("body")
        if third.type != "identifier" or body is None or (yields and "yield" in function.kinds):
            continue
        ways = ControlFlow(text_of(third))
        falls = ways.fall_through(body)
        where = function.node.child_by_field_name("name") or function.node
        for node in [where] * falls + ways.ends:
            at = "its end" if node is where else "this return"
            message = f"a way through {printable(function.name)[:60]} reaches {at} without an answer"
            hint = f"call {printable(text_of(third))[:60]}(code=..., data=...) on every way"
            yield Diagnostic(module.path, span_of(module.text, node), message, hint)


RULE = Rule(code="BK313", name="handler-without-answer", severity=Severity.WARNING, page=__doc__, check=check)
