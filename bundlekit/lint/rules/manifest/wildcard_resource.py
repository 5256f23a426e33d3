"""A resource that the bundle answers for has a wildcard in it.

Why: The gateway passes every request that a wildcard meets to the bundle, also those that another bundle or the gateway
itself answers: it waits for all of them, and merges their answers. The SDK knows no wildcards in the handlers. A
resource of role `view`, which the bundle only listens to, may well have one: `+` stands for a level or the rest of one,
`#` at the end for all that is left, but not for nothing. In other places they are not known to be wildcards.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with `@Route(resource="/rooms/+")` the bundle itself answers 404 to `GET
/rooms/7`; with a handler of `/rooms/:id` it answers. Seen with the original controller 1.6.2: `/al+` and `/al#` match
`/alpha`; `/a/#` matches neither `/a` nor `/a/`; two models on a resource are both asked, and their objects merged.

Bad:

    bundle.json
        "resources": [
          {"methods": ["get", "put"], "resource": "/example"},
          {"methods": "get", "resource": "/rooms/+"}
        ]

Good:

    bundle.json
        "resources": [
          {"methods": ["get"], "resource": "/rooms/:id"},
          {"role": "view", "resource": "/network/#"}
        ]
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.patterns import ANY, REST
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        if ANY not in path and REST not in path:
            continue
        if not _are_wildcards(path):
            message = f"resource {quoted(path)} has {ANY if ANY in path else REST} where it may be no wildcard"
            hint = f"{ANY} stands for a level, or the rest of one, and {REST} for all that is left at the end"
        elif declared.resource.role == "model":
            message = f"resource {quoted(path)} is a wildcard, expected a path, with a :param for what differs"
            hint = "the bundle gets requests that others answer too"
        else:
            continue
        yield in_manifest(inspection, f"{declared.pointer}/resource", message, hint)


def _are_wildcards(path: str) -> bool:
    """Whether all that looks like a wildcard in a path is one."""
    levels = path.removesuffix(REST).split("/")
    return all(REST not in level and ANY not in level.removesuffix(ANY) for level in levels)


RULE = Rule(code="BK122", name="wildcard-resource", severity=Severity.WARNING, page=__doc__, check=check)
