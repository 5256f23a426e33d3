"""Faults as tests of the bundle, for the pytest plugin."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bundlekit.fuzz.fault import NO_BODY, Failure, Fault, FuzzRequest

_HEAD = '''"""Requests with which the bundle fails, by `bundlekit fuzz`. Each test passes once its fault is mended.

    pytest --bundlekit-bundle {bundle}
"""
'''
_LONGEST = 110  # characters of a line


def reproduction(bundle: str, faults: Sequence[Fault]) -> str:
    """A module of tests.

    Args:
        bundle: the folder of the bundle, for people.
        faults: one for each test.
    """
    taken: set[str] = set()
    return _HEAD.format(bundle=bundle) + "".join(_test(fault, taken) for fault in faults)


def _test(fault: Fault, taken: set[str]) -> str:
    name = _unique(f"test_{_word(fault.requests[-1])}_{_ENDS[fault.failure]}", taken)
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


def _unique(name: str, taken: set[str]) -> str:
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
