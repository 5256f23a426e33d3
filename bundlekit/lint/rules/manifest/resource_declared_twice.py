"""A resource is declared twice.

Why: The gateway knows a resource by its pattern, in which the name of a `:param` plays no part: `/rooms/:id` and
`/rooms/:name` are one resource to it. Two declarations of one resource disagree sooner or later.

Evidence: SDK 1.1.2 registers both of these as `/rooms/+`. Seen on Python 2.7.18: the bundle comes up, and the handlers
of both declarations answer, each its own methods.

Bad:

    bundle.json
        "resources": [
          {"methods": ["get"], "resource": "/rooms/:id"},
          {"methods": ["put"], "resource": "/rooms/:name"}
        ]

Good:

    bundle.json
        "resources": [
          {"methods": ["get", "put"], "resource": "/rooms/:id"}
        ]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.patterns import registered
from bundlekit.lint.facts.inspection import Declared, Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], Declared] = {}
    for declared in inspection.declared:
        resource = declared.resource
        before = first.setdefault((resource.role, registered(resource.path)), declared)
        if before is declared:
            continue
        path, earlier = resource.path, before.resource.path
        same = "" if path == earlier else f", the first time as {quoted(earlier)}"
        diagnostic = in_manifest(
            inspection,
            f"{declared.pointer}/resource",
            f"resource {quoted(path)} is declared twice{same}",
            "put the methods of both into one declaration",
        )
        place = inspection.manifest.position(f"{before.pointer}/resource")
        yield replace(diagnostic, other=(diagnostic.path, place, "the first one"))


RULE = Rule(
    code="BK113",
    name="resource-declared-twice",
    severity=Severity.WARNING,
    page=__doc__,
    check=check,
)
