"""A hook is no name at all, and the gateway does not register the bundle.

Why: `hook` lists names of other bundles. The gateway refuses a registration with anything else in the list: an empty
text, a number, an object. The SDK tries again and again.

Evidence: Seen with the controller 1.6.2: a registration with `[""]` or `[1]` as hook is answered with 400, "wrong
register context" and "empty 'hook'". With SDK 1.1.2 on Python 2.7.18 and the emulated gateway, such a bundle logs
"Register failed." for ever.

Fix (safe or unsafe): removes it from the list; safe if it is empty.

Bad:

    bundle.json
        "hook": [""]

Good:

    bundle.json
        "hook": []
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import removed
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix, unsafe_fix
from bundlekit.quoting import quoted

_MOST = 100  # hooks; a hostile manifest has thousands


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    hooks = field_of(inspection, "hook")
    for index, hook in enumerate(hooks[:_MOST] if isinstance(hooks, list) else ()):
        if not isinstance(hook, str) or not hook:
            message = f"hook {quoted(hook)} is not a name, and the gateway refuses to register the bundle"
            diagnostic = in_manifest(inspection, f"/hook/{index}", message, "take it out of the list")
            offer = safe_fix if hook in ("", None) else unsafe_fix
            correction = offer(f"Remove {quoted(hook)}", removed(inspection.manifest, f"/hook/{index}", hook))
            yield replace(diagnostic, correction=correction)


RULE = Rule(code="BK133", name="bad-hook", severity=Severity.ERROR, page=__doc__, check=check)
