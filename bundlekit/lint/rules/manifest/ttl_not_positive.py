"""The ttl gives the bundle no time to answer.

Why: After ttl seconds the gateway's controller answers instead of the bundle, with 408. With zero seconds or less, the
bundle has almost no time.

Evidence: The original controller 1.6.2 takes a ttl of 0 or less for 1, and counts ttls down once a second: the answer
is 408 after 1 s at the latest, and may be at once.

Fix (unsafe): writes 60, as the vendor's sample has.

Bad:

    bundle.json
        "ttl": 0

Good:

    bundle.json
        "ttl": 5
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule, unsafe_fix
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    message = f"ttl is {quoted(error.value)}, expected a positive number of seconds"
    diagnostic = in_manifest(inspection, error.pointer, message, "60 is what the vendor's sample has")
    edits = revalued(inspection.manifest, error.pointer, error.value, "60")
    yield replace(diagnostic, correction=unsafe_fix("Write 60, as the vendor's sample has", edits))


RULE = structure_rule(
    code="BK107",
    name="ttl-not-positive",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/ttl/exclusiveMinimum"},
    word=word,
)
