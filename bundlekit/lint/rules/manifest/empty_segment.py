"""A resource has two slashes in a row.

Why: Resources are matched segment by segment, and what is between the two slashes is an empty one: a request has to
have both, and what most clients and proxies make of such a path has one.

Evidence: `compile_resource("/x//y")` of the SDK 1.1.2 does not match `/x/y`, and neither does MQTT's own matching.

Fix (safe): writes one slash, if that is how a handler has it, and none has both.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example//status"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example/status"}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.respelling import respelled
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path.rstrip("/")
        if "//" in path:
            meant, pointer = re.sub("/+", "/", path), f"{declared.pointer}/resource"
            message = f"resource {quoted(declared.resource.path)} has two slashes in a row, expected {quoted(meant)}"
            diagnostic = in_manifest(inspection, pointer, message, "a request has to have both")
            correction = respelled(inspection, pointer, declared.resource.path, meant)
            yield replace(diagnostic, correction=correction)


RULE = Rule(code="BK130", name="empty-segment", severity=Severity.WARNING, page=__doc__, check=check)
