"""A handler continues after its answer and answers a second time.

Why: `response(...)` sends the answer and returns: it does not end the handler. The code after it runs too, so a refused
request is carried out, and its data is saved. The client gets the first answer. The second answer is lost, or, if
another bundle hooks this bundle or has the same resource, it is taken for the answer of that bundle. An answer is
reported only if every path after it leads to another answer.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a PUT with wrong data came back with 400, and the wrong data was there
at the next GET. The controller 1.6.2 distinguishes answers only by the id of the request.

Fix (unsafe): returns the answer, if nothing follows it in its block. What follows the block is not run then.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            value = 1

            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={"value": self.value})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                if "value" not in message.data:
                    response(code=400, data={"message": "value is missing"})
                self.value = message.data.get("value")
                return response(code=200, data={"value": self.value})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            value = 1

            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={"value": self.value})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                if "value" not in message.data:
                    return response(code=400, data={"message": "value is missing"})
                self.value = message.data.get("value")
                return response(code=200, data={"value": self.value})
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import inserted, statement_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.answers import AnswerPaths
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import body_of
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST = 20  # reports of a handler
_INDENTATION = 200  # characters in front of an answer that are looked at


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None:
        return
    for function, response in inspection.answering:
        body = function.node.child_by_field_name("body")
        if body is None or not _may_go_on(function, response):
            continue
        methods = {one.name: one for one in module.functions.values() if one.owner == function.owner != -1}
        for answer, another in AnswerPaths(response, methods).repeated(body)[:_MOST]:
            message = f"{printable(function.name)[:60]} continues after this answer, and answers again"
            hint = f"write return {printable(response)[:60]}(...)"
            other = (module.path, span_of(module.text, another), "another answer") if another is not answer else None
            place, correction = span_of(module.text, answer), _correction(module, answer, response)
            yield Diagnostic(module.path, place, message, hint, other=other, correction=correction)


def _correction(module: Module, answer: Node, response: str) -> Correction | None:
    """A `return` in front of it, if it is the last statement of its block."""
    line = statement_of(answer)
    call = line.named_children[0] if line.type == "expression_statement" and len(line.named_children) == 1 else None
    if call is None or call.type != "call" or text_of(call.child_by_field_name("function")) != response:
        return None
    if line.next_named_sibling is not None:
        return None
    return unsafe_fix("Return it", [inserted(module, call.start_byte, "return ")])


def _may_go_on(function: Function, response: str) -> bool:
    """Whether a statement of a handler may be an answer that is not returned; quickly told of nearly all."""
    name, body = re.escape(response), body_of(function)
    return any(
        body[max(found.start() - _INDENTATION, 0) : found.start()].rstrip(" \t")[-1:] in ("", "\n", ";", ":", "=")
        for answer in (rf"{name}\s*\(", rf"self\.\w+\s*\([^)]*\b{name}\b")
        for found in re.finditer(answer, body)
    )


RULE = Rule(code="BK335", name="repeated-answer", severity=Severity.WARNING, page=__doc__, check=check)
