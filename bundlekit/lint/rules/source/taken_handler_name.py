"""A handler has a name that the SDK needs for itself.

Why: A handler is a method of the bundle's object, and so is much of the SDK. The SDK gives some names to its own values
while the bundle starts, so the handler is gone before the SDK looks for it; other names are its own methods, and it
calls the handler instead.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18, each name as that of a handler: with `start` the program ends at once
with exit status 0; with `register`, `get_profile`, `on_connect` and `on_sanji_message` it never gets a request; with
`publish`, `router`, `bundle` and the other values of sanji/core.py, requests for the handler come back with 404.

Fix (safe): puts `_value` behind the name. The handler is never called under the old one.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def start(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def start_job(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of

_CALLED = frozenset({"get_profile", "on_connect", "on_sanji_message", "register", "start"})
_VALUES = frozenset(
    {
        *(
            "bundle",
            "dispatch_thread_count",
            "is_ready",
            "publish",
            "reg_delay",
            "reg_thread",
            "req_queue",
            "res_queue",
        ),
        *("resolve_thread_count", "router", "stop_event", "thread_list"),
    }
)


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    known = module.functions
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        if function is None or function.owner == -1 or function.name not in _CALLED | _VALUES:
            continue
        whose = "a method" if function.name in _CALLED else "a value"
        message = f'"{function.name}" is the name of {whose} of the SDK, expected another name for a handler'
        place = span_of(module.text, function.node.child_by_field_name("name") or function.node)
        where, name = function.node.child_by_field_name("name"), f"{function.name}_value"
        is_free = where is not None and name not in module.python.spelled
        correction = safe_fix(f"Call it {name}", [replaced(module, where, name)]) if where and is_free else None
        yield Diagnostic(module.path, place, message, f"{name} would do", correction=correction)


RULE = Rule(code="BK331", name="taken-handler-name", severity=Severity.ERROR, page=__doc__, check=check)
