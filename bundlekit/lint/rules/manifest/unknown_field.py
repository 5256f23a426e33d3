"""The vendor's guide, the SDK and sanji-bootstrap do not know a field.

Why: The SDK reads the fields of the guide and passes all others on to the gateway's controller, which has no use for
them. They do no harm. `concurrent` is known: sanji-bootstrap reads it, which starts the bundles of the vendor's
firmware. Comments in a field whose name begins with `_`, `$`, `//` or `x-` are left alone.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: all fields of bundle.json go out with each registration, the original
controller 1.6.2 answers 200 to it whatever else is in it, and the bundle works.

Fix (unsafe): begins the name with `x-`, if no code of the bundle has the name in it. A program that reads the field no
longer finds it.

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

from bundlekit.bundle.document import parts_of
from bundlekit.lint.edits import renamed_key
from bundlekit.lint.facts.fields import UnknownField, unknown_fields
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import called
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for unknown in unknown_fields(inspection.manifest.value):
        if unknown.meant is None:
            where = f" in {called(inspection, unknown.around)}" if unknown.around else ""
            message = f"field {quoted(unknown.name)}{where} is unknown, expected a field that the gateway uses"
            hint = 'remove it, or begin its name with "x-" if it is for other programs'
            diagnostic = in_manifest(inspection, unknown.pointer, message, hint)
            place = inspection.manifest.key_position(unknown.pointer)
            yield replace(diagnostic, span=place, correction=_correction(inspection, unknown))


def _correction(inspection: Inspection, unknown: UnknownField) -> Correction | None:
    """The name behind `x-`, if that is free and no code has the name in it."""
    name = f"x-{unknown.name}"
    around = inspection.manifest.value
    for part in parts_of(unknown.around):
        around = around[int(part)] if isinstance(around, list) else around[part]
    if name in around or not unknown.name or any(unknown.name in one.text.content for one in inspection.modules):
        return None
    return unsafe_fix(f"Write {quoted(name)}", renamed_key(inspection.manifest, unknown.pointer, name))


RULE = Rule(code="BK116", name="unknown-field", severity=Severity.INFO, page=__doc__, check=check)
