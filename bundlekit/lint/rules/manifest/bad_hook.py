"""A hook is no name at all, and the gateway does not register the bundle.

Why: `hook` lists names of other bundles. The gateway refuses a registration with anything else in the list: an empty
text, a number, an object. The SDK tries again and again.

Evidence: Seen with the controller 1.6.2: a registration with `[""]` or `[1]` as hook is answered with 400, "wrong
register context" and "empty 'hook'". With SDK 1.1.2 on Python 2.7.18 and the emulated gateway, such a bundle logs
"Register failed." for ever.

Bad:

    bundle.json
        "hook": [""]

Good:

    bundle.json
        "hook": []
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import quoted

_MOST = 100  # hooks; a hostile manifest has thousands


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    hooks = field_of(inspection, "hook")
    for index, hook in enumerate(hooks[:_MOST] if isinstance(hooks, list) else ()):
        if not isinstance(hook, str) or not hook:
            message = f"hook {quoted(hook)} is not a name, and the gateway refuses to register the bundle"
            yield in_manifest(inspection, f"/hook/{index}", message, "take it out of the list")


RULE = Rule(code="BK133", name="bad-hook", severity=Severity.ERROR, page=__doc__, check=check)
