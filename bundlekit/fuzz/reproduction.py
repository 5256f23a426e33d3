"""Faults as tests of the bundle, for the pytest plugin."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from bundlekit.export.openapi import unique_name
from bundlekit.fuzz.fault import NO_BODY, Failure, Fault, FuzzRequest
from bundlekit.quoting import printable

FIRST_LINE = "# Written by bundlekit fuzz, which replaces this file when it finds faults again."
"""What tells such a module from a file that somebody wrote."""
_HEAD = '''{first}
# To run it: pytest --bundlekit-bundle {bundle}
"""Requests with which the bundle fails. Each test passes once its fault is mended."""
'''
_LONGEST = 110  # characters of a line


def reproduction(bundle: str, faults: Sequence[Fault]) -> str:
    """A module of tests.

    Args:
        bundle: the folder of the bundle, for people.
        faults: one for each test.
    """
    taken: set[str] = set()
    head = _HEAD.format(first=FIRST_LINE, bundle=shlex.quote(printable(bundle)))
    return head + "".join(_test(fault, taken) for fault in faults)


def _test(fault: Fault, taken: set[str]) -> str:
    name = unique_name(f"test_{_word(fault.requests[-1])}_{_ENDS[fault.failure]}", taken)
    where = f"{fault.path}:{fault.line}: " if fault.line else ""
    said = re.sub(r"[^ -~]", "?", f"{where}{fault.words}")[:_LONGEST].replace("\\", "\\\\").replace('"', "'")
    lines = [f"def {name}(gateway):", f'    """{said}"""']
    lines += [f"    {_call(one)}" for one in fault.requests[:-1]]
    last = fault.requests[-1]
    lines += [f"    answer = {_call(last)}", *(f"    {line}" for line in _asserts(fault, last))]
    return "\n\n" + "\n".join(lines) + "\n"


_ENDS = {
    Failure.ERROR: "answers_no_error",
    Failure.CRASH: "keeps_it_running",
    Failure.SILENCE: "is_answered",
    Failure.CONTRACT: "keeps_its_contract",
}


def _asserts(fault: Fault, last: FuzzRequest) -> list[str]:
    if fault.failure is Failure.CONTRACT:
        return [f'assert gateway.contract_faults("{last.method}", {last.resource!r}, answer) == []']
    if fault.failure is Failure.ERROR:
        return ["assert answer.status < 500, answer.body"]
    return ["assert answer.status != 408, gateway.log  # the gateway says so when its time is over"]


def _call(request: FuzzRequest) -> str:
    body = "" if request.body is NO_BODY else f", {request.body!r}"
    method = request.method.lower()
    if request.body is NO_BODY and method in ("put", "post"):
        return f'gateway.request("{request.method}", {request.resource!r})'
    return f"gateway.{method}({request.resource!r}{body})"


def _word(request: FuzzRequest) -> str:
    return (
        re.sub(r"\W+", "_", f"{request.method.lower()}_{request.resource.strip('/')}", flags=re.ASCII)
        .strip("_")[:30]
        .strip("_")
    )
