"""The correction of a resource in bundle.json that is spelled in another way than its handler."""

from __future__ import annotations

from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.route_coverage import are_too_many, is_handled
from bundlekit.lint.finding import Correction
from bundlekit.lint.rule import safe_fix
from bundlekit.quoting import quoted


def respelled(inspection: Inspection, pointer: str, old: str, *spellings: str) -> Correction | None:
    """Write a resource in another way, if that is how a handler in index.py has it, and none has it as it is now.

    Without such a handler the right spelling is not known, and with one for the old spelling that would have to change
    too.

    Args:
        inspection: of the bundle.
        pointer: to the resource.
        old: what it is now.
        spellings: what it may become; the first one with a handler counts.
    """
    if are_too_many(inspection) or _is_written(inspection, old):
        return None
    new = next((one for one in spellings if one != old and is_handled(inspection, one)), None)
    if new is None:
        return None
    return safe_fix(f"Write {quoted(new)}, as the handler has it", rewritten(inspection.manifest, pointer, old, new))


def _is_written(inspection: Inspection, resource: str) -> bool:
    """Whether a handler has a resource in this spelling; the SDK ignores slashes at both ends."""
    return any((one.resource or "").strip("/") == resource.strip("/") for one in inspection.source.routes)
