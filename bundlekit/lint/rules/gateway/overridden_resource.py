"""A resource of the bundle gets requests that the gateway answers itself.

Why: The vendor's guide forbids to override the gateway's own resources. Both get every such request, for a bundle's
`/network/:what` as well as for its `/network/dns`, and it is not defined which answer arrives. A resource that only
listens has the role `view`.

Evidence: The vendor's guide. The original controller 1.6.2 accepts a resource that is registered already, and sends
requests to both. Seen with SDK 1.1.2 on Python 2.7.18 and the emulated gateway: `GET /network/dns` was answered by a
bundle with `/network/:what`, and the gateway's own answer was lost.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/network/:what"}]

Good:

    bundle.json
        "resources": [
          {"methods": "get", "resource": "/example/network/:what"},
          {"role": "view", "resource": "/network/dns"}
        ]
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.gateway_resources import gateway_resource
from bundlekit.bundle.patterns import without_prefix
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        taken = gateway_resource(without_prefix(path), inspection.api) if declared.resource.role == "model" else None
        if taken is None:
            continue
        whose = "is the gateway's own" if taken == path else f"takes requests for {taken}, which is the gateway's own"
        message = f"resource {quoted(path)} {whose}, expected another resource"
        hint = 'choose a path that begins with the name of the bundle, or "role": "view" if it only listens there'
        yield in_manifest(inspection, f"{declared.pointer}/resource", message, hint)


RULE = Rule(code="BK401", name="overridden-resource", severity=Severity.ERROR, page=__doc__, check=check)
