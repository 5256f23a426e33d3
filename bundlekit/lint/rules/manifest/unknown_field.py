"""The vendor's guide, the SDK and sanji-bootstrap do not know a field.

Why: The SDK reads the fields of the guide and passes all others on to the gateway's controller, which has no use for
them. They do no harm. `concurrent` is known: sanji-bootstrap reads it, which starts the bundles of the vendor's
firmware. Comments in a field whose name begins with `_`, `$`, `//` or `x-` are left alone.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: all fields of bundle.json go out with each registration, the original
controller 1.6.2 answers 200 to it whatever else is in it, and the bundle works.

Bad:

    bundle.json
        "homepage": "https://example.com"

Good:

    bundle.json
        "$schema": "bundle.schema.json",
        "x-homepage": "https://example.com"
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.fields import unknown_fields
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import called
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for unknown in unknown_fields(inspection.manifest.value):
        if unknown.meant is None:
            where = f" in {called(inspection, unknown.around)}" if unknown.around else ""
            message = f"field {quoted(unknown.name)}{where} is unknown, expected a field that the gateway uses"
            hint = 'remove it, or begin its name with "x-" if it is for other programs'
            diagnostic = in_manifest(inspection, unknown.pointer, message, hint)
            yield replace(diagnostic, span=inspection.manifest.key_position(unknown.pointer))


RULE = Rule(code="BK116", name="unknown-field", severity=Severity.INFO, page=__doc__, check=check)
