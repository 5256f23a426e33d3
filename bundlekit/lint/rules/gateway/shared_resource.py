"""Two bundles that are checked together answer the same request.

Why: On a gateway that runs both, both are asked. Their answers are merged, an answer that is not 200 counts for both,
and the client waits for the slower answer. A deploy of the second bundle can succeed because the first bundle answers
for it. Bundles with the same name are not reported, because they do not run side by side.

Evidence: Seen with the controller 1.6.2: a request reaches both bundles, of two objects the later answer is written
over the earlier one, and an answer that is not 200 decides. With SDK 1.1.2 both bundles register, and both are asked.

Bad:

    heating/bundle.json
        "name": "heating",
        "resources": [{"methods": ["get", "put"], "resource": "/rooms/:id"}]
    lights/bundle.json
        "name": "lights",
        "resources": [{"methods": ["get", "put"], "resource": "/rooms/:room"}]

Good:

    heating/bundle.json
        "name": "heating",
        "resources": [{"methods": ["get", "put"], "resource": "/heating/rooms/:id"}]
    lights/bundle.json
        "name": "lights",
        "resources": [{"methods": ["get", "put"], "resource": "/lights/rooms/:room"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import meeting
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed
from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, rule_among
from bundlekit.quoting import quoted


def check(inspection: Inspection, this: NeighbourBundle, others: Neighbours) -> Iterator[Diagnostic]:
    for pointer, resource in this.resources.items():
        for other, place, before in others.alike(resource):
            both = tuple(method for method in METHODS if method in resource.methods and method in before.methods)
            request = meeting(resource.path, before.path) if both and other.name != this.name else None
            if request is not None:
                message = (
                    f"{quoted(resource.path)} and {quoted(before.path)} of {other.bundle.label} both answer "
                    f"{listed(both, 'and')} of {quoted(request)}; a gateway asks both bundles and merges the answers"
                )
                hint = "give each bundle its own paths, or ignore this where no gateway runs both"
                note = other.place(f"{place}/resource", "the other bundle's resource")
                yield replace(in_manifest(inspection, f"{pointer}/resource", message, hint), elsewhere=note)
                break


RULE = rule_among(code="BK402", name="shared-resource", severity=Severity.WARNING, page=__doc__, among=check)
