"""Two handlers answer the same request.

Why: The SDK does not stop at the first handler whose resource matches: it calls every one, in an order of its own, so
that two answers to one request go out and the first of them counts. What is meant to be an exception to `/rooms/:id`,
such as `/rooms/all`, needs another method or another path, or one handler must distinguish the two cases.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: `GET /rooms/all` calls the handlers of `/rooms/:id` and `/rooms/all`, in
the order of a dict and not of the source; the first answer arrives, and the original controller 1.6.2 drops the other.

Bad:

    bundle.json
        "resources": [
          {"methods": "get", "resource": "/rooms/:id"},
          {"methods": "get", "resource": "/rooms/all"}
        ]

Good:

    bundle.json
        "resources": [
          {"methods": "get", "resource": "/rooms/:id"},
          {"methods": "put", "resource": "/rooms/all"}
        ]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import Pattern, meeting
from bundlekit.lint.facts.inspection import Declared, Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

_MOST_PAIRS = 250_000  # of resources; each is compared with each
_REQUEST = re.compile(r"[\w/:-]+", re.ASCII)  # the SDK's params take no other characters


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    handled = _handled(inspection)
    known = [
        (pattern, declared, handled[pattern])
        for declared in inspection.declared
        if declared.resource.role == "model" and (pattern := Pattern.of(declared.resource.path)) in handled
    ]
    if len(known) ** 2 > 2 * _MOST_PAIRS:
        return
    for place, (pattern, declared, methods) in enumerate(known):
        for other, before, others in known[:place]:
            if pattern == other or not pattern.meets(other):
                continue
            both = tuple(method for method in METHODS if method in methods & others)
            if not both:
                continue
            request = meeting(declared.resource.path, before.resource.path)
            if request is not None and _REQUEST.fullmatch(request):
                yield _diagnostic(inspection, before, declared, f"{listed(both, 'and')} of {quoted(request)}")
                break


def _handled(inspection: Inspection) -> dict[Pattern, frozenset[str]]:
    """The methods that visible handlers take, by the pattern of their resource."""
    handled: dict[Pattern, frozenset[str]] = {}
    for route in inspection.source.routes:
        if route.resource is not None and route.methods is not None:
            pattern = Pattern.of(route.resource)
            handled[pattern] = handled.get(pattern, frozenset()) | frozenset(route.methods)
    return handled


def _diagnostic(inspection: Inspection, before: Declared, declared: Declared, requests: str) -> Diagnostic:
    message = (
        f"{quoted(declared.resource.path)} and {quoted(before.resource.path)} both answer {requests}, "
        "expected one handler for each request"
    )
    hint = "give them different methods or paths, or tell the values apart in one handler"
    diagnostic = in_manifest(inspection, f"{declared.pointer}/resource", message, hint)
    place = inspection.manifest.position(f"{before.pointer}/resource")
    return replace(diagnostic, other=(diagnostic.path, place, "the other resource"))


RULE = Rule(code="BK123", name="overlapping-resources", severity=Severity.WARNING, page=__doc__, check=check)
