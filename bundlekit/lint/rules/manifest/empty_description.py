"""The description is empty.

Why: The gateway's controller asks for a description when a bundle registers, refuses one without, and may well take an
empty one for none; whoever looks at the list of bundles has nothing else to go by.

Evidence: The original controller 1.6.2 answers 400 with "need 'description'" where there is none. Whether an empty one
counts as none was not seen there; to the emulated gateway it does, and the SDK (1.1.2) tries to register for ever.

Bad:

    bundle.json
        "description": ""

Good:

    bundle.json
        "description": "Keeps one value and gives it back"
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    description = field_of(inspection, "description")
    if isinstance(description, str) and not description.strip():
        message = "the description is empty, expected a sentence that says what the bundle is for"
        yield in_manifest(inspection, "/description", message)


RULE = Rule(code="BK129", name="empty-description", severity=Severity.WARNING, page=__doc__, check=check)
