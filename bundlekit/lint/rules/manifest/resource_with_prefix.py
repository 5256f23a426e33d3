"""A resource carries the `/api/v1` prefix.

Why: The vendor's guide says that the gateway adds the prefix by itself. With it, the resource would be
`/api/v1/api/v1/...`.

Evidence: The vendor's guide says that the prefix is added. Seen with SDK 1.1.2 on Python 2.7.18 and the emulated
gateway: with `/api/v1/example` declared, `GET /api/v1/example` comes back with 403 and `GET /api/v1/api/v1/example` is
answered.

Fix (safe): removes the prefix, if no handler in index.py has one.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/api/v1/example"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.patterns import without_prefix
from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    rest = without_prefix(error.value)
    expected = quoted(rest) if rest != "/" else "a path of its own"
    message = f"resource {quoted(error.value)} carries the prefix /api/v1, expected {expected}"
    diagnostic = in_manifest(inspection, error.pointer, message, "the gateway adds the prefix by itself")
    if rest != "/":
        edits = rewritten(inspection.manifest, error.pointer, error.value, rest)
        if any(
            one.resource is not None and one.resource != without_prefix(one.resource)
            for one in inspection.source.routes
        ):
            edits = ()  # the handler has the prefix too, and works with it
        diagnostic = replace(diagnostic, correction=safe_fix(f"Write {quoted(rest)}", edits))
    yield diagnostic


RULE = structure_rule(
    code="BK112",
    name="resource-with-prefix",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/resources/items/properties/resource/not"},
    word=word,
)
