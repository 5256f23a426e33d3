"""A resource that the bundle answers for lists no methods.

Why: `methods` is what callers read to know what they can do with a resource, and what `bundlekit verify` and
`bundlekit export` go by. A resource of role `view`, which the bundle does not answer for, goes without, and so does
each resource of a bundle of role `view`.

Evidence: The vendor's guide gives each resource its methods, one or an array of them. Nothing at run time asks for
them: a bundle without any registered and answered with SDK 1.1.2 on Python 2.7.18, and the original controller 1.6.2
routes by the resource alone. So it is a warning.

Fix (safe): lists the methods for which index.py has a handler.

Bad:

    bundle.json
        "resources": [{"methods": [], "resource": "/example"}]

Good:

    bundle.json
        "resources": [
          {"methods": ["get"], "resource": "/example"},
          {"role": "view", "resource": "/network/interfaces"}
        ]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.document import parts_of
from bundlekit.lint.edits import added_first, appended
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import listed, resource_called
from bundlekit.lint.facts.route_coverage import are_too_many, handled_methods
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule

_RESOURCE = "/else/properties/resources/items/else"


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    diagnostic = in_manifest(
        inspection,
        error.pointer,
        f"{resource_called(inspection, error.pointer)} has no methods, expected get, put, post or delete",
        'add "methods": ["get", "put"], or "role": "view" if the bundle only listens there',
    )
    yield replace(diagnostic, correction=_correction(inspection, error.pointer))


def _correction(inspection: Inspection, pointer: str) -> Correction | None:
    """The methods of the handlers in index.py."""
    around, index, *rest = parts_of(pointer)
    path = inspection.manifest.value["resources"][int(index)].get("resource")
    methods = handled_methods(inspection, path) if isinstance(path, str) and not are_too_many(inspection) else ()
    if not methods:
        return None
    if rest:
        edits = appended(inspection.manifest, pointer, [], methods)
    else:
        edits = added_first(inspection.manifest, f"/{around}/{index}", "methods", list(methods))
    return safe_fix(f"List {listed(methods, 'and')}, which index.py handles", edits)


RULE = structure_rule(
    code="BK110",
    name="no-methods",
    severity=Severity.WARNING,
    page=__doc__,
    claims={f"{_RESOURCE}/required", f"{_RESOURCE}/properties/methods/minItems"},
    word=word,
)
