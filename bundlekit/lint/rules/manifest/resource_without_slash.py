"""A resource does not start with a slash.

Why: The gateway puts `/api/v1` and the resource together as they are, and matches requests against it from the first
character on. `example` is never met by a request for `/example`.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18 and the emulated gateway: a bundle with the resource `example` registers,
and `GET /api/v1/example` comes back with 403. The original controller 1.6.2 matches as MQTT does, where the slash
counts.

Fix (safe): puts a slash in front. A handler is found with and without it.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "example"}]

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
    resource = error.value
    expected = quoted(without_prefix("/" + resource.lstrip())) if resource.strip() else "a path such as /example"
    message = f"resource {quoted(resource)} does not start with a slash, expected {expected}"
    correction = None
    if resource.strip():
        meant = without_prefix("/" + resource.lstrip())
        edits = rewritten(inspection.manifest, error.pointer, resource, meant) if meant != "/" else ()
        correction = safe_fix(f"Write {expected}", edits)
    yield replace(in_manifest(inspection, error.pointer, message), correction=correction)


RULE = structure_rule(
    code="BK111",
    name="resource-without-slash",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/resources/items/properties/resource/pattern"},
    word=word,
)
