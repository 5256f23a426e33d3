"""A resource has two params with the same name.

Why: The SDK makes one regular expression of a handler's resource, and a group of each `:param` in it. Two groups of one
name are an error, so that a bundle with such a handler does not start.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the start ends with "redefinition of group name 'id'".

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:id/sensors/:id"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:room/sensors/:id"}]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        params = Counter(segment for segment in path.split("/") if segment.startswith(":") and segment != ":")
        repeated = next((param for param, times in params.items() if times > 1), None)
        if repeated is not None:
            message = f"resource {quoted(path)} has {quoted(repeated)} more than once, expected each name once"
            hint = "give one of them another name, here and in index.py"
            yield in_manifest(inspection, f"{declared.pointer}/resource", message, hint)


RULE = Rule(code="BK121", name="repeated-param", severity=Severity.ERROR, page=__doc__, check=check)
