"""A resource carries the `/api/v1` prefix.

Why: The vendor's guide says that the gateway adds the prefix by itself. With it, the resource would be
`/api/v1/api/v1/...`.

Evidence: The vendor's guide says that the prefix is added. Seen with SDK 1.1.2 on Python 2.7.18 and the emulated
gateway: with `/api/v1/example` declared, `GET /api/v1/example` comes back with 403 and `GET /api/v1/api/v1/example` is
answered.

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
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    rest = without_prefix(error.value)
    expected = quoted(rest) if rest != "/" else "a path of its own"
    message = f"resource {quoted(error.value)} carries the prefix /api/v1, expected {expected}"
    diagnostic = in_manifest(inspection, error.pointer, message, "the gateway adds the prefix by itself")
    if rest != "/":
        diagnostic = replace(diagnostic, fix=rewritten(inspection.manifest, error.pointer, error.value, rest))
    yield diagnostic


RULE = structure_rule(
    code="BK112",
    name="resource-with-prefix",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/resources/items/properties/resource/not"},
    word=word,
)
