"""The gateway does not know a role at this place.

Why: The SDK registers the resources of role `model` and those of role `view` apart, and leaves out any other, so that
no request ever reaches them. The vendor's guide knows `model` alone for a bundle; one of role `view` listens and sends
requests of its own, as an example of the vendor's does, and is not found here. A handler of requests in it, which
nothing calls, is found by `wrong-handler-signature`.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: of a bundle of role `controller`, and of a resource of role `listener`,
nothing is registered ("no need to register due to no resources"). A bundle of role `view` registers, gets the answers
to its own requests, and a request for its resource gets 403, for there is no model.

Fix (unsafe): writes the role that it is a slip of, or `model` for the bundle. Then requests reach it.

Bad:

    bundle.json
        "role": "controller"

Good:

    bundle.json
        "role": "model"
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike, called, listed
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule, unsafe_fix
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    wanted = listed(tuple(quoted(role) for role in error.expected))
    message = f"{called(inspection, error.pointer)} is {quoted(error.value)}, expected {wanted}"
    role = error.value.strip().lower() if isinstance(error.value, str) else ""
    meant = role if role in error.expected else alike(role, error.expected)
    if meant is None and error.pointer == "/role":
        meant = "model"
    edits = revalued(inspection.manifest, error.pointer, error.value, f'"{meant}"') if meant else ()
    diagnostic = in_manifest(inspection, error.pointer, message)
    yield replace(diagnostic, correction=unsafe_fix(f'Write "{meant}"', edits))


RULE = structure_rule(
    code="BK106",
    name="wrong-role",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/role/enum", "/properties/resources/items/properties/role/enum"},
    word=word,
)
