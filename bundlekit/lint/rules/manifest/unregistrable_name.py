"""The gateway does not register a bundle under this name.

Why: The gateway has two components of its own, `registration` and `dependency`, and refuses a bundle with one of these
names. Of any name, 31 characters count. With resources of the roles model and view, the bundle registers twice, as
`<name>` and `<name>-view`, which are the same for the gateway if the name has 31 characters or more: the second half
takes the first one away. The SDK tries again and again.

Evidence: Seen with the controller 1.6.2: 403 and "component had beed already registered" for both names, and for a
name of 31 characters with `-view` behind it; a DELETE of one deletes the other. With SDK 1.1.2 on Python 2.7.18 and
the emulated gateway, a bundle called `dependency` and one with a long name log "Register failed." for ever.

Bad:

    bundle.json
        "name": "dependency"

Good:

    bundle.json
        "name": "dependency-list"
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

_TAKEN = frozenset({"dependency", "registration"})
_COUNTED = 31  # characters of a name, by the controller


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    name = inspection.name
    roles = {one.resource.role for one in inspection.declared} & {"model", "view"}
    if name is None or not roles:
        return
    if name in _TAKEN:
        message = f"name {quoted(name)} is taken by the gateway itself, which refuses to register the bundle"
        yield in_manifest(inspection, "/name", message, "give the bundle another name")
    elif len(name) >= _COUNTED and len(roles) == 2:
        message = (
            f"name {quoted(name)} has {len(name)} characters, expected {_COUNTED - 1} at most with resources of both "
            "roles: the gateway takes the two halves of the bundle for one"
        )
        yield in_manifest(inspection, "/name", message, f"{_COUNTED} characters of a name count")


RULE = Rule(code="BK131", name="unregistrable-name", severity=Severity.ERROR, page=__doc__, check=check)
