"""A field name is probably misspelled.

Why: A field with another name is not read, and there is no error either: `"method"` is the same as no methods at all.
It is reported only if the correctly spelled field is missing.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a resource with `method` in place of `methods` registers without an
error; one with `resorce` ends the thread that registers with `KeyError: 'resource'`.

Fix (safe or unsafe): writes the name of the field; unsafe if something on a gateway goes by that field, which then has
an effect.

Bad:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example", "rol": "model"}]

Good:

    bundle.json
        "resources": [{"methods": ["get", "put"], "resource": "/example", "role": "model"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import renamed_key
from bundlekit.lint.facts.fields import unknown_fields
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import called
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix, unsafe_fix
from bundlekit.quoting import quoted

_READ = frozenset({"concurrent", "hook", "main", "name", "priority", "resources", "role", "ttl"})
"""The fields that something on a gateway goes by."""


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for unknown in unknown_fields(inspection.manifest.value):
        if unknown.meant is not None:
            where = f" in {called(inspection, unknown.around)}" if unknown.around else ""
            message = f"field {quoted(unknown.name)}{where} is unknown, expected {quoted(unknown.meant)}"
            diagnostic = in_manifest(inspection, unknown.pointer, message, f'did you mean "{unknown.meant}"?')
            is_read = unknown.around or unknown.meant in _READ
            offer = unsafe_fix if is_read and unknown.meant != "methods" else safe_fix
            correction = offer(
                f'Write "{unknown.meant}"', renamed_key(inspection.manifest, unknown.pointer, unknown.meant)
            )
            place = inspection.manifest.key_position(unknown.pointer)
            yield replace(diagnostic, span=place, correction=correction)


RULE = Rule(code="BK115", name="misspelled-field", severity=Severity.WARNING, page=__doc__, check=check)
