"""A method is listed more than once for a resource.

Why: The second entry changes nothing; most often another method was intended.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a bundle that declares `get` twice registers and answers like any other,
since neither the SDK nor the original controller 1.6.2 reads `methods`.

Fix (safe): removes the second one.

Bad:

    bundle.json
        "resources": [{"methods": ["get", "get"], "resource": "/example"}]

Good:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example"}]
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import removed
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import resource_called
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for index, method in enumerate(error.value):
        pointer = f"{error.pointer}/{index}"
        before = first.setdefault(json.dumps(method, sort_keys=True), pointer)
        if before == pointer:
            continue
        message = f"method {quoted(method)} of {resource_called(inspection, pointer)} is listed twice, expected once"
        diagnostic = in_manifest(inspection, pointer, message, "remove one of them")
        edits = removed(inspection.manifest, pointer, method) if isinstance(method, str) else ()
        yield replace(
            diagnostic,
            other=(diagnostic.path, inspection.manifest.position(before), "the first one"),
            correction=safe_fix(f"Remove the second {quoted(method)}", edits),
        )


RULE = structure_rule(
    code="BK109",
    name="repeated-method",
    severity=Severity.WARNING,
    page=__doc__,
    claims={"/properties/resources/items/properties/methods/then/uniqueItems"},
    word=word,
)
