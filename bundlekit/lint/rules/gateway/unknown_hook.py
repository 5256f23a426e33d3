"""A hook names none of the bundles that are checked together.

Why: `hook` lists names of other bundles of the gateway. The gateway does not report a misspelled name: a bundle with a
hook on an unknown name registers as usual, and is never notified. The gateway has bundles of its own, whose names
bundlekit does not know, so the hook may be correct.

Evidence: Seen with the controller 1.6.2: a component with `"hook": ["alpha"]` is notified of each change of `alpha`,
and of no other. With SDK 1.1.2 on Python 2.7.18 and the emulated gateway, a bundle with a hook on an unknown name
registers and answers.

Bad:

    heating/bundle.json
        "name": "heating",
        "resources": [{"methods": ["get"], "resource": "/heating"}]
    lights/bundle.json
        "name": "lights",
        "hook": ["heatings"],
        "resources": [{"methods": ["get"], "resource": "/lights"}]

Good:

    heating/bundle.json
        "name": "heating",
        "resources": [{"methods": ["get"], "resource": "/heating"}]
    lights/bundle.json
        "name": "lights",
        "hook": ["heating"],
        "resources": [{"methods": ["get"], "resource": "/lights"}]
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, rule_among
from bundlekit.quoting import quoted


def check(inspection: Inspection, this: NeighbourBundle, others: Neighbours) -> Iterator[Diagnostic]:
    for pointer, hook in this.hooks.items():
        if others.lacks(hook):
            message = (
                f"hook {quoted(hook)} is the name of no bundle that is checked here, and does nothing unless the "
                "gateway has one of that name"
            )
            meant = alike(hook, sorted(others.names))
            yield in_manifest(inspection, pointer, message, f"did you mean {quoted(meant)}?" if meant else "")


RULE = rule_among(code="BK404", name="unknown-hook", severity=Severity.INFO, page=__doc__, among=check)
