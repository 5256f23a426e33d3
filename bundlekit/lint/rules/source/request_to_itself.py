"""A bundle sends a request to itself while it handles a change.

Why: While a put, post or delete is under way, the gateway refuses all other requests to the bundle, on any of its
resources, with 423, also those that the bundle sends to itself. Call the method that makes the answer instead. Requests
that a handler sends after its answer, threads and events are not reported.

Evidence: Seen with the controller 1.6.2: during a put, a get of another resource of the same bundle and a direct get
come back with 423 and "resource is locked". With SDK 1.1.2 on Python 2.7.18, `self.publish.direct.get` of a bundle's
own resource in its put handler returned code 423.

Bad:

    bundle.json
        "resources": [
          {"methods": ["get", "put"], "resource": "/example"},
          {"methods": "get", "resource": "/example/status"}
        ]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="get", resource="/example/status")
            def status(self, message, response):
                return response(code=200, data={"state": "on"})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                status = self.publish.direct.get("/example/status")
                return response(code=200, data={"code": status.code})

Good:

    bundle.json
        "resources": [
          {"methods": ["get", "put"], "resource": "/example"},
          {"methods": "get", "resource": "/example/status"}
        ]
    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="get", resource="/example/status")
            def status(self, message, response):
                return response(code=200, data=self.current())

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                return response(code=200, data=self.current())

            def current(self):
                return {"state": "on"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.bundle.patterns import Pattern
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable, quoted
from bundlekit.source.constants import Constants
from bundlekit.source.functions import Function, arguments, methods_of
from bundlekit.source.modules import Module
from bundlekit.source.syntax import Scope, span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ASKS = re.compile(r"self\.publish(?:\.direct)?\.(?:get|post|put|delete)")
_CHANGES = frozenset({"delete", "post", "put"})
_FIELD = re.compile(r"%[sdi]|\{\w*\}")
_SOMETHING = ":x"
_DEEPEST = 3  # functions between the handler and the request
_MOST = 200  # functions of a bundle that are followed


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b"self.publish." not in module.content:
        return
    own = [
        (declared.resource.path, Pattern.of(declared.resource.path))
        for declared in inspection.declared
        if declared.resource.role == "model"
    ]
    methods: dict[int, set[str]] = {}
    for route in inspection.source.routes:
        taken = {one.lower() for one in route.methods} if route.methods is not None else {"get"}
        methods.setdefault(route.handler_at, set()).update(taken)
    seen: set[int] = set()
    asked = _Asked(module)
    for function, response in inspection.answering:
        taken = methods[function.node.start_byte]
        if not taken or not taken <= _CHANGES:
            continue
        for resource, call in asked.before_the_answer(function, response):
            path = next((path for path, pattern in own if pattern.covers(Pattern.of(resource))), None)
            if path is not None and call.start_byte not in seen:
                seen.add(call.start_byte)
                message = (
                    f"{printable(function.name)[:60]} asks the bundle itself for {quoted(path)}, and gets 423: "
                    "the gateway locks the bundle during a change"
                )
                hint = "call the method that makes the answer"
                yield Diagnostic(module.path, span_of(module.text, call), message, hint)


class _Asked:
    """What the functions of a module ask the gateway for."""

    def __init__(self, module: Module) -> None:
        self._methods = methods_of(module.functions)
        self._scopes = {call.node.start_byte: call.scope for call in module.python.calls}
        self._constants = Constants()

    def before_the_answer(self, handler: Function, response: str) -> Iterator[tuple[str, Node]]:
        """The resources that a handler asks for, and the calls, in it and in the methods that it calls."""
        answered = min((_end(node) for name, node in handler.calls() if name == response), default=None)
        yield from self._of(handler, answered, set(), 0)

    def _of(self, function: Function, until: int | None, seen: set[int], depth: int) -> Iterator[tuple[str, Node]]:
        seen.add(function.node.start_byte)
        for name, call in function.calls():
            if until is not None and call.start_byte >= until:
                return
            if _ASKS.fullmatch(name):
                places, names, _ = arguments(call)
                resource = self._resource(places[0] if places else names.get("resource"), call)
                if resource is not None:
                    yield resource.partition("?")[0], call
            elif name.startswith("self.") and depth < _DEEPEST and len(seen) < _MOST:
                method = self._methods.get((function.owner, name.removeprefix("self.")))
                if method is not None and method.node.start_byte not in seen:
                    yield from self._of(method, None, seen, depth + 1)

    def _resource(self, given: Node | None, call: Node) -> str | None:
        """What a call asks for, with `:x` where something is put in; None where it cannot be seen."""
        scope = self._scopes.get(call.start_byte)
        if given is None or scope is None:
            return None
        whole = self._constants.value(given, scope)
        return whole if isinstance(whole, str) else self._template(given, scope)

    def _template(self, given: Node, scope: Scope) -> str | None:
        """`"/rooms/%s" % room`, `"/rooms/{}".format(room)` and `"/rooms/" + room`."""
        if given.type == "call":
            function = given.child_by_field_name("function")
            is_format = function is not None and text_of(function.child_by_field_name("attribute")) == "format"
            given_to = function.child_by_field_name("object") if function is not None and is_format else None
            template = self._constants.value(given_to, scope)
            return _FIELD.sub(_SOMETHING, template) if isinstance(template, str) else None
        if given.type != "binary_operator":
            return None
        left = self._constants.value(given.child_by_field_name("left"), scope)
        operator = text_of(given.child_by_field_name("operator"))
        if not isinstance(left, str) or operator not in ("%", "+"):
            return None
        return _FIELD.sub(_SOMETHING, left) if operator == "%" else left + _SOMETHING


def _end(answer: Node) -> int:
    """Where an answer is made that the handler goes on behind; the end of all for one that is returned."""
    statement = answer.parent
    return answer.end_byte if statement is not None and statement.type != "return_statement" else 1 << 62


RULE = Rule(code="BK338", name="request-to-itself", severity=Severity.WARNING, page=__doc__, check=check)
