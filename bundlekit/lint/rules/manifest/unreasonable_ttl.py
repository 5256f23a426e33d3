"""The ttl is longer than the gateway waits, or too short for an answer.

Why: The gateway's REST API waits 60 seconds at most, for any ttl, and the vendor's guide wants answers as soon as
possible. Within less than a second a request has to get to the bundle and back on a busy machine, and when the ttl is
over, the gateway answers 408 instead of the bundle.

Evidence: The original REST front answers 408 after 60 seconds, and the original controller 1.6.2 when the ttl is over.
The vendor's guide wants answers within the ttl, and no long running jobs. That less than a second is too short was not
seen on a gateway: on a developer's machine, answers come within 0.005 seconds.

Fix (unsafe): writes 60 if the ttl is longer. Other bundles that wait longer than the REST API does get an error then.

Bad:

    bundle.json
        "ttl": 300

Good:

    bundle.json
        "ttl": 10
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted

_LONGEST = 60  # seconds that the REST API of a gateway waits
_SHORTEST = 1  # second; a busy gateway needs more for any answer


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    ttl = field_of(inspection, "ttl")
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        return
    if ttl > _LONGEST:
        message = f"ttl is {quoted(ttl)}, expected at most {_LONGEST} seconds: the REST API waits no longer"
        diagnostic = in_manifest(
            inspection, "/ttl", message, "start the long work, answer, and let the caller ask for its state"
        )
        edits = revalued(inspection.manifest, "/ttl", ttl, str(_LONGEST))
        yield replace(diagnostic, correction=unsafe_fix(f"Write {_LONGEST}", edits))
    elif 0 < ttl < _SHORTEST:
        message = f"ttl is {quoted(ttl)}, expected at least {_SHORTEST} second"
        yield in_manifest(inspection, "/ttl", message, "60 is what the vendor's sample has")


RULE = Rule(code="BK124", name="unreasonable-ttl", severity=Severity.WARNING, page=__doc__, check=check)
