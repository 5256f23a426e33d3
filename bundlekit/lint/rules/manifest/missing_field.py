"""A field that the gateway needs is not in bundle.json.

Why: Without a name, role or resources the SDK fails before it registers a bundle, and without a description or ttl the
gateway's controller refuses it: in both cases the bundle never comes up. Without a version there is no archive to
deploy, and main is fixed by the vendor's guide.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: without a name the start ends with `KeyError: 'name'`; without a role or
resources the same error ends the thread that registers, and the program stays up unheard. To a registration without a
description or ttl the original controller 1.6.2 answers 400, and the SDK tries again for ever. Bundles without version
or main came up.

Fix (safe): adds main, role and ttl with the value that the vendor's guide gives them, at their place.

Bad:

    bundle.json
        {"name": "example", "version": "1.0.0"}

Good:

    bundle.json
        {
          "name": "example",
          "version": "1.0.0",
          "description": "Keeps one value and gives it back",
          "main": "index.py",
          "argument": "",
          "priority": 99,
          "hook": [],
          "dependencies": {},
          "repository": "",
          "role": "model",
          "ttl": 60,
          "resources": [{"methods": ["get", "put"], "resource": "/example"}]
        }
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import added
from bundlekit.lint.facts.fields import field_order, missing_fields
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import called
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule

_DESCRIPTION = "what the bundle is for"
_SAFE = frozenset({"main", "role", "ttl"})  # fixed by the vendor's guide, or with a default there


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    for field in error.expected:
        if field in error.value:
            continue
        described = error.schema["properties"][field]
        example = described.get("default") or described.get("examples", [_DESCRIPTION])[0]
        where = f" in {called(inspection, error.pointer)}" if error.pointer else ""
        diagnostic = in_manifest(
            inspection, error.pointer, f'"{field}" is missing{where}', f'add "{field}": {json.dumps(example)}'
        )
        # The whole object is at fault, but nobody wants to see all of it underlined.
        opening = replace(diagnostic.span, end_line=diagnostic.span.line, end_column=diagnostic.span.column + 1)
        correction = None
        if not error.pointer and field in _SAFE:
            edits = added(inspection.manifest, missing_fields(inspection, (field,)), field_order())
            correction = safe_fix(f'Add "{field}": {json.dumps(example)}', edits)
        yield replace(diagnostic, span=opening, correction=correction)


RULE = structure_rule(
    code="BK101",
    name="missing-field",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/required", "/properties/resources/items/required"},
    word=word,
)
