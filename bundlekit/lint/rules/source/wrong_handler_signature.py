"""A handler does not take the arguments that the SDK gives it.

Why: The SDK (1.1.2) counts a handler's parameters, stars left out. One for requests, self, message and response, is
called when it has three or more, always with these three; one for events, of a resource with the role view, when it has
two, self and message. A handler with fewer is skipped without an error, so the request gets no answer, and a handler
that needs more fails. Requests that come by a hook, after another bundle has answered them, are requests like others:
in a bundle with a hook, a handler of a view may take all three.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with (self, message) and with (self, *args) the handler is not called,
and the client gets 408 when the ttl is over; with a fourth parameter that has to be given it gets 500, from a
TypeError; with `extra=1` as the fourth all is well.

Fix (unsafe): adds `response` to the parameters, if the handler calls it and lacks nothing else. Then requests reach it.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message):
                return {"code": 200}

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bundlekit.lint.code_edits import inserted
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.route_coverage import is_for_hook, reached
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of

_REQUESTS = "(self, message, response)"
_EVENTS = "(self, message)"
_OF_A_VIEW = 'the role of the bundle is "view", so that it gets no requests: "model" answers them'


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    known = module.functions
    roles: dict[int, set[str]] = {}
    whole = inspection.manifest.value
    role = whole.get("role") if isinstance(whole, dict) else None
    for one in reached(inspection) if role in ("model", "view") else ():  # else what a resource is cannot be told
        roles.setdefault(one.route.handler_at, set()).update(declared.resource.role for declared in one.declared)
        if is_for_hook(inspection, one.route):
            roles[one.route.handler_at].add("hook")
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, known)
        if function is None or function.decorators > 1 or function.owner == -1:
            continue
        expected = _expected(function, roles.get(route.handler_at, set()))
        if expected:
            parameters = function.node.child_by_field_name("parameters") or function.node
            fails = "is called with less than it asks for" if _needed(function) > 3 else "is not called as it is"
            message = f"{printable(function.name)[:60]} {fails}, expected {expected}"
            hint = _OF_A_VIEW if role == "view" and expected == _EVENTS else ""
            correction = _correction(module, function) if expected == _REQUESTS else None
            yield Diagnostic(module.path, span_of(module.text, parameters), message, hint, correction=correction)


def _correction(module: Module, function: Function) -> Correction | None:
    """With `response`, if it is used and that is all that is missing."""
    given = [one.type for one in function.parameters]
    body = function.node.child_by_field_name("body")
    if given != ["identifier", "identifier"] or not re.search(r"(?<![\w.])response\s*\(", text_of(body)):
        return None
    if "response" in (text_of(one) for one in function.parameters):
        return None
    return unsafe_fix("Take response as well", [inserted(module, function.parameters[1].end_byte, ", response")])


def _expected(function: Function, roles: set[str]) -> str:
    """What the handler of resources with some roles has to take, where it does not."""
    plain = [one for one in function.parameters if "splat" not in one.type]
    if any(
        one.type not in ("identifier", "default_parameter", "list_splat_pattern", "dictionary_splat_pattern")
        for one in function.parameters
    ):
        return ""
    if roles == {"view"}:
        return "" if len(plain) == 2 else _EVENTS
    only_requests = "model" in roles and "view" not in roles
    if _needed(function) > 3 or len(plain) < 2 or (only_requests and len(plain) < 3):
        return _REQUESTS
    return ""


def _needed(function: Function) -> int:
    """How many arguments it cannot be called without."""
    return sum(one.type == "identifier" for one in function.parameters)


RULE = Rule(code="BK312", name="wrong-handler-signature", severity=Severity.ERROR, page=__doc__, check=check)
