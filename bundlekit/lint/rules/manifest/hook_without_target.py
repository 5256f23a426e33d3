"""A hook names something that cannot change.

Why: `hook` lists names of other bundles: after each of them has answered a put, post or delete with 200, this bundle is
notified, before the client gets the answer. A path is not the name of a bundle, and a bundle is not notified of its own
changes. Other names are not reported, because a bundle of the gateway may have them, unless several bundles are checked
together: see BK404.

Evidence: Seen with the controller 1.6.2: a component with `"hook": ["alpha"]` is notified of each change of `alpha`;
hooks are compared with names. Seen with SDK 1.1.2 on Python 2.7.18 and the emulated gateway: with its own path and its
own name as hooks, a bundle is notified of none of its changes.

Fix (unsafe): removes it from the list. Another bundle may have been meant.

Bad:

    bundle.json
        "hook": ["/network/ethernets"]

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
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted

_MOST = 100  # hooks; a hostile manifest has thousands
_HINT = "write the name of the bundle whose changes this one wants to know, as its bundle.json has it"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    hooks = field_of(inspection, "hook")
    for index, hook in enumerate(hooks[:_MOST] if isinstance(hooks, list) else ()):
        why = _why(hook, inspection.name) if isinstance(hook, str) else ""
        if why:
            message = f"hook {quoted(hook)} {why}, expected the name of another bundle"
            diagnostic = in_manifest(inspection, f"/hook/{index}", message, _HINT)
            edits = removed(inspection.manifest, f"/hook/{index}", hook)
            yield replace(diagnostic, correction=unsafe_fix(f"Remove {quoted(hook)}", edits))


def _why(hook: str, name: str | None) -> str:
    if "/" in hook:
        return "is a path"
    return "is the bundle itself" if hook == name else ""


RULE = Rule(code="BK132", name="hook-without-target", severity=Severity.WARNING, page=__doc__, check=check)
