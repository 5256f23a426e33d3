"""The SDK cannot use a `:param` of a resource.

Why: The SDK puts the MQTT wildcard `+` in place of a colon and the letters, digits and underscores behind it, and a
wildcard counts only as a whole segment; of the name it makes that of a group in a regular expression, which does not
begin with a digit. A colon with no name behind it stays a colon. `querystring` is the name of a group of the SDK's own.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: handlers of `/rooms/:1` and `/rooms/:querystring` end the start with an
error of the regular expression. `/rooms/:room-id` registers as `/rooms/+-id` and `/rooms/x:id` as `/rooms/x+`, and
requests come back with 403; so do those for `/rooms/:`, but for the one that asks for a colon.

Fix (safe): writes underscores in the name, if a handler takes the resource then and none takes it now.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:room-id"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/rooms/:room_id"}]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.respelling import respelled
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

_PARAM = re.compile(r":[A-Za-z_][A-Za-z0-9_]*")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        for segment in path.split("/") if ":" in path else ():
            what = _diagnostic(segment)
            if what:
                message = f"resource {quoted(path)} has {quoted(segment)} in it: {what}"
                pointer = f"{declared.pointer}/resource"
                diagnostic = in_manifest(inspection, pointer, message, "/rooms/:id is how it is written")
                meant = "/".join(map(_underscored, path.split("/")))
                yield replace(diagnostic, correction=respelled(inspection, pointer, path, meant))
                break


def _underscored(segment: str) -> str:
    """A param with an underscore in the place of what no name can have."""
    return ":" + re.sub(r"[^A-Za-z0-9_]+", "_", segment[1:]) if segment.startswith(":") else segment


def _diagnostic(segment: str) -> str:
    if ":" not in segment or (_PARAM.fullmatch(segment) and segment != ":querystring"):
        return ""
    if segment == ":":
        return "the name is missing, expected a name such as :id"
    if segment == ":querystring":
        return "the SDK needs this name itself, expected another name"
    if not segment.startswith(":"):
        return "a colon is inside of it, expected the param to be all that is between two slashes"
    if segment[1].isdecimal():
        return "the name begins with a digit, expected a letter"
    return "expected letters (a to z), digits and underscores behind the colon"


RULE = Rule(code="BK120", name="bad-param", severity=Severity.ERROR, page=__doc__, check=check)
