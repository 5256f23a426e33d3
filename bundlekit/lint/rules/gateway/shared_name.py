"""Two bundles that are checked together have the same name.

Why: A gateway knows a bundle by its name. A deploy of one replaces the other: its code is gone, and its settings are
used by the new bundle. Archives are not reported, because they may be two versions of one bundle.

Evidence: `bundlekit deploy` of both, one after the other: the second becomes the next release of the first.

Bad:

    heating/bundle.json
        "name": "rooms",
        "resources": [{"methods": ["get"], "resource": "/heating"}]
    lights/bundle.json
        "name": "rooms",
        "resources": [{"methods": ["get"], "resource": "/lights"}]

Good:

    heating/bundle.json
        "name": "heating",
        "resources": [{"methods": ["get"], "resource": "/heating"}]
    lights/bundle.json
        "name": "lights",
        "resources": [{"methods": ["get"], "resource": "/lights"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, rule_among
from bundlekit.quoting import quoted


def check(inspection: Inspection, this: NeighbourBundle, others: Neighbours) -> Iterator[Diagnostic]:
    other = others.of_name(this.name) if this.name is not None else None
    if other is None or this.bundle.in_archive or other.bundle.in_archive:
        return
    message = f"{other.bundle.label} has the name {quoted(this.name)} too; on a gateway the one replaces the other"
    diagnostic = in_manifest(inspection, "/name", message, "give each bundle its own name")
    yield replace(diagnostic, elsewhere=other.place("/name", "the other bundle's name"))


RULE = rule_among(code="BK403", name="shared-name", severity=Severity.WARNING, page=__doc__, among=check)
