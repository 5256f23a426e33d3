"""A handler sleeps for seconds, or loops for ever.

Why: The vendor's guide says to answer as soon as possible and not to process long running jobs in a bundle. The SDK has
three threads for all requests of a bundle: a handler that waits in one of them keeps others waiting, and a handler that
never ends blocks its thread for ever. The methods that a handler calls are checked too; code in a thread of its own is
not. A sleep after the answer is not reported, because the client has its answer; an endless loop is.

Evidence: The vendor's guide. Seen with SDK 1.1.2 on Python 2.7.18: while three requests slept for two seconds each, a
fourth one for a handler that answers at once took two seconds too.

Bad:

    index.py
        import time

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                time.sleep(30)
                return response(code=200, data={})

Good:

    index.py
        import threading
        import time

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                threading.Thread(target=self.restart).start()
                return response(code=202, data={})

            def restart(self):
                time.sleep(30)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.control_flow import ControlFlow
from bundlekit.source.functions import Function, arguments, endless_loops, full_name, imported_names, methods_of
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of, run_for_requests
from bundlekit.source.routes import Route
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_LONGEST_SLEEP = 1.0  # seconds; other requests to the bundle wait meanwhile
_HINT = "answer first, and do the rest in a thread of its own"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    imported = imported_names(module.python)
    waiting = _run_before_the_answer(module, inspection.source.routes) if b"sleep" in module.content else {}
    for function, handler in run_for_requests(module, inspection.source.routes):
        asked = printable(handler.name)[:60]
        for name, call in waiting.get(function.node.start_byte, ()):
            if full_name(imported, name) == "time.sleep" and (seconds := _seconds(call)) > _LONGEST_SLEEP:
                message = f"requests for {asked} wait here for {seconds:g} seconds"
                yield Diagnostic(module.path, span_of(module.text, call), message, _HINT)
        for loop in endless_loops(function):
            condition = loop.child_by_field_name("condition") or loop
            message = f"a loop without an end, in which requests for {asked} wait"
            yield Diagnostic(module.path, span_of(module.text, condition), message, _HINT)


def _run_before_the_answer(module: Module, routes: tuple[Route, ...]) -> dict[int, list[tuple[str, Node]]]:
    """The calls that are made while a client waits for its answer, by where the functions start that make them."""
    known = module.functions
    methods = methods_of(known)
    handlers = (handler_of(route, known) for route in routes)
    todo = [(one, _third(one)) for one in handlers if one is not None]
    found: dict[int, list[tuple[str, Node]]] = {}
    for function, answer in todo:
        if function.node.start_byte in found:
            continue
        calls = found[function.node.start_byte] = _before(function, answer)
        for name, call in calls:
            method = methods.get((function.owner, name.removeprefix("self."))) if name.startswith("self.") else None
            if method is not None:
                todo.append((method, _given(call, method, answer)))
    return found


def _before(function: Function, answer: str) -> list[tuple[str, Node]]:
    """The calls in a function, without those that are behind an answer: what the function calls `answer`."""
    if not answer.isidentifier():
        return function.calls()
    behind = ControlFlow(answer).behind(function.node.child_by_field_name("body"))
    starts = [start for start, _ in behind]
    return [
        (name, call)
        for name, call in function.calls()
        if (at := bisect_right(starts, call.start_byte)) == 0 or call.start_byte >= behind[at - 1][1]
    ]


def _third(handler: Function) -> str:
    return _parameters(handler)[2] if len(handler.parameters) > 2 else ""


def _given(call: Node, method: Function, answer: str) -> str:
    """What a method calls what its caller answers with, if it is given that."""
    places, names, _ = arguments(call)
    given = dict(zip(_parameters(method)[1:], places, strict=False)) | names
    return next((name for name, value in given.items() if answer and text_of(value) == answer), "")


def _parameters(function: Function) -> list[str]:
    return [text_of(one.child_by_field_name("name") or one) for one in function.parameters]


def _seconds(call: Node) -> float:
    places, _, _ = arguments(call)
    if len(places) != 1 or places[0].type not in ("integer", "float"):
        return 0
    try:
        return float(text_of(places[0]))
    except ValueError:
        return 0


RULE = Rule(code="BK314", name="long-running-handler", severity=Severity.WARNING, page=__doc__, check=check)
