"""A loop sends requests to the gateway's own REST API again and again.

Why: Each request goes by HTTPS through the web server, the controller and another bundle, on a small machine that has
other work to do. The vendor's guide says not to monitor values by requests to RESTful endpoints at a high frequency. A
resource of role `view` gets these values without a request. A loop that waits five seconds or more between two rounds
is not reported, and neither is a loop that waits for a computed time.

Evidence: the do's and don'ts of the vendor's guide. The controller 1.6.2 sends each response to every view whose
pattern the resource matches.

Bad:

    index.py
        import time
        import urllib2

        from sanji.core import Route, Sanji


        class Example(Sanji):
            def run(self):
                while True:
                    self.status = urllib2.urlopen("https://127.0.0.1/api/v1/system/status", timeout=5).read()
                    time.sleep(0.5)

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        import time
        import urllib2

        from sanji.core import Route, Sanji


        class Example(Sanji):
            def run(self):
                while True:
                    self.status = urllib2.urlopen("https://127.0.0.1/api/v1/system/status", timeout=5).read()
                    time.sleep(60)

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.source.functions import Function, arguments, full_name, imported_names, is_in, methods_of
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_OWN = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?/api/v1\b")
_ASKS = re.compile(r"(?:requests\.(?:get|post|put|delete|request)|urllib2?\.urlopen)")
_PAUSES = re.compile(r"(?:.*\.)?(?:sleep|wait|join|get)")
_LONG_ENOUGH = 5.0  # seconds between two requests, which a gateway does not notice
_MOST = 20  # loops of a function, and names of a condition
_HINT = "declare it with the role view to get the values, or wait longer between two rounds"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules:
        if b"/api/v1" not in module.content or b"while" not in module.content:
            continue
        imported, known = imported_names(module.python), module.functions
        methods = methods_of(known)
        for function in known.values():
            loops = function.of_kinds("while_statement")
            for loop in loops[:_MOST]:
                calls = list(_calls(function, loop, methods))
                asked = [call for name, call in calls if _ASKS.fullmatch(full_name(imported, name))]
                own = [call for call in asked if _is_own(module, call)]
                if own and not any(_is_long(full_name(imported, name), call) for name, call in calls):
                    message = "a loop sends this request to the gateway itself over and over, expected a longer pause"
                    yield Diagnostic(module.path, span_of(module.text, own[0]), message, _HINT)


def _calls(function: Function, loop: Node, methods: dict[tuple[int, str], Function]) -> Iterator[tuple[str, Node]]:
    """The calls in a loop, and those in the methods that it calls."""
    for name, call in function.calls():
        if is_in(call, loop):
            yield name, call
            method = methods.get((function.owner, name.removeprefix("self.")))
            if method is not None and name.startswith("self."):
                yield from method.calls()


def _is_own(module: Module, call: Node) -> bool:
    """Whether a request goes to the gateway that the bundle runs on, by an address that stands there or in a name."""
    places, names, _ = arguments(call)
    for given in [*places, *names.values()]:
        text = text_of(given)[:1000]
        if _OWN.search(text):
            return True
        for word in re.findall(r"[A-Za-z_]\w*", text)[:_MOST]:
            bound = module.python.module.bindings.get(word, [])
            if len(bound) == 1 and bound[0] is not None and _OWN.search(text_of(bound[0])[:1000]):
                return True
    return False


def _is_long(name: str, call: Node) -> bool:
    """Whether a call waits for long enough, or for a time that cannot be seen."""
    if not _PAUSES.fullmatch(name) or _ASKS.fullmatch(name):
        return False
    last = name.rpartition(".")[2]
    places, names, _ = arguments(call)
    given = names.get("timeout") or (places[-1] if places else None)
    if given is None:
        return last in ("wait", "join", "get")
    if given.type not in ("integer", "float"):
        return last != "get"
    try:
        return last != "get" and float(text_of(given)) >= _LONG_ENOUGH
    except ValueError:
        return True


RULE = Rule(code="BK326", name="polled-gateway", severity=Severity.WARNING, page=__doc__, check=check)
