"""A field that the vendor's guide reserves is not in bundle.json.

Why: The guide's sample has argument, priority, hook, dependencies and repository, each with a value that says nothing,
and calls them reserved. A gateway of today does without them; a program that goes by the guide may look for them.

Evidence: The guide's table of fields and its sample. A bundle without them registered with a gateway's controller and
answered, so it is reported as info.

Fix (safe): adds the fields with the values of the guide's sample, at their place.

Bad:

    bundle.json
        {
          "name": "example",
          "version": "1.0.0",
          "description": "Keeps one value and gives it back",
          "main": "index.py",
          "role": "model",
          "ttl": 60,
          "resources": [{"methods": ["get", "put"], "resource": "/example"}]
        }

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

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import added
from bundlekit.lint.facts.fields import field_order, missing_fields
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix

_RESERVED = ("argument", "priority", "hook", "dependencies", "repository")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    missing = missing_fields(inspection, _RESERVED)
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        message = (
            f"the reserved {listed(tuple(missing), 'and')} {is_or_are} missing, expected what the guide's sample has"
        )
        diagnostic = in_manifest(inspection, "", message, "bundlekit validate --fix adds what is reserved")
        opening = replace(diagnostic.span, end_line=diagnostic.span.line, end_column=diagnostic.span.column + 1)
        edits = added(inspection.manifest, missing, field_order())
        title = f"Add {listed(tuple(missing), 'and')} as the guide's sample has them"
        yield replace(diagnostic, span=opening, correction=safe_fix(title, edits))


RULE = Rule(code="BK140", name="missing-reserved-field", severity=Severity.INFO, page=__doc__, check=check)
