"""A resource that the bundle answers for is a wildcard of MQTT.

Why: The gateway passes every request that a wildcard meets to the bundle, also those that another bundle or the gateway
itself answers, and both answers go out. The SDK knows no wildcards in the handlers. A resource of role `view`, which
the bundle only listens to, may well end with one; elsewhere than as a whole segment, or with `#` before the end, it is
none to MQTT.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with `@Route(resource="/rooms/+")` the bundle itself answers 404 to `GET
/rooms/7`; with a handler of `/rooms/:id` it answers. `/rooms/#/x` and `/rooms/a#` registered, and no request reached
them.

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
        if not _is_wildcard(path):
            message = f"resource {quoted(path)} has {ANY if ANY in path else REST} where it is no wildcard of MQTT"
            hint = f"{ANY} stands for one whole segment, {REST} for all that is left at the end"
        elif declared.resource.role == "model":
            message = f"resource {quoted(path)} is a wildcard, expected a path, with a :param for what differs"
            hint = "the bundle gets requests that others answer too"
        else:
            continue
        yield in_manifest(inspection, f"{declared.pointer}/resource", message, hint)


def _is_wildcard(path: str) -> bool:
    """Whether all that looks like a wildcard in a path is one."""
    *segments, last = path.split("/")
    return all(segment == ANY or not set(segment) & {ANY, REST} for segment in segments) and (
        last in (ANY, REST) or not set(last) & {ANY, REST}
    )


RULE = Rule(code="BK122", name="wildcard-resource", severity=Severity.WARNING, page=__doc__, check=check)
