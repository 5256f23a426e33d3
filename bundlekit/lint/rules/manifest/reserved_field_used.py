"""A field that the vendor keeps for later has a value of its own.

Why: The vendor's guide calls argument, priority, hook, dependencies and repository reserved. Nothing is known to read
argument, dependencies and repository, and another meaning may come with the next firmware. priority and hook are left
alone, for they do something: sanji-bootstrap, which starts the bundles of the vendor's firmware, sorts by priority, and
the controller passes requests that another bundle has answered on to those that name it in hook.

Evidence: The vendor's guide. Seen with SDK 1.1.2 on Python 2.7.18: a bundle with values of its own in argument,
dependencies and repository registers and answers like any other; they go out with the registration, and nothing comes
back of it. Seen with the original controller 1.6.2: a bundle that names another one in hook gets its puts, with the
data of its answers.

Fix (unsafe): empties the field. What stands there is lost.

Bad:

    bundle.json
        "dependencies": {"requests": "2.27"}

Good:

    bundle.json
        "argument": "",
        "priority": 20,
        "hook": ["network"],
        "dependencies": {},
        "repository": ""
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted

_RESERVED = {"argument": "", "dependencies": {}, "repository": ""}
_HINTS = {"dependencies": "modules that the bundle needs lie beside index.py"}


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for field, plain in _RESERVED.items():
        value = field_of(inspection, field)
        if isinstance(value, type(plain)) and value != plain:
            has = "is not empty" if isinstance(value, dict) else f"is {quoted(value)}"
            message = f"{field} {has}, expected {json.dumps(plain)}: the field is reserved"
            diagnostic = in_manifest(inspection, f"/{field}", message, _HINTS.get(field, ""))
            edits = revalued(inspection.manifest, f"/{field}", value, json.dumps(plain))
            yield replace(diagnostic, correction=unsafe_fix(f"Empty {field}", edits))


RULE = Rule(code="BK128", name="reserved-field-used", severity=Severity.INFO, page=__doc__, check=check)
