"""A resource is declared twice.

Why: The gateway knows a resource by its pattern, in which the name of a `:param` plays no part: `/rooms/:id` and
`/rooms/:name` are one resource to it. Two declarations of one resource disagree sooner or later.

Evidence: SDK 1.1.2 registers both of these as `/rooms/+`. Seen on Python 2.7.18: the bundle comes up, and the handlers
of both declarations answer, each its own methods.

Fix (safe): puts the methods of both into the first declaration and removes the second one, if both have lists of
methods and nothing else in them.

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
from bundlekit.lint.edits import appended, removed
from bundlekit.lint.facts.inspection import Declared, Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix
from bundlekit.quoting import quoted

_MOST = 100  # methods of two resources that are compared


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
        yield replace(
            diagnostic,
            other=(diagnostic.path, place, "the first one"),
            correction=_correction(inspection, before, declared),
        )


def _correction(inspection: Inspection, before: Declared, declared: Declared) -> Correction | None:
    """Both in one, if there is nothing but methods in them, and their methods are lists."""
    manifest = inspection.manifest
    first, second = (manifest.value["resources"][int(one.pointer.rpartition("/")[2])] for one in (before, declared))
    if first.keys() - {"resource", "methods", "role"} or second.keys() - {"resource", "methods", "role"}:
        return None
    listed_first, listed_second = first.get("methods", []), second.get("methods", [])
    if not isinstance(listed_first, list) or not isinstance(listed_second, list):
        return None
    if len(listed_first) + len(listed_second) > _MOST:
        return None
    more = [one for one in listed_second if one not in listed_first]
    edits = removed(manifest, declared.pointer, second)
    if more and edits:
        joined = appended(manifest, f"{before.pointer}/methods", listed_first, more) if "methods" in first else ()
        edits = (*joined, *edits) if joined else ()
    return safe_fix("Put the methods of both into the first declaration", edits)


RULE = Rule(
    code="BK113",
    name="resource-declared-twice",
    severity=Severity.WARNING,
    page=__doc__,
    check=check,
)
