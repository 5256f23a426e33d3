"""The list of resources is empty.

Why: the SDK registers a bundle for its resources, and with none it does not register at all: no request ever reaches
it, and a deploy waits in vain for it to come up.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the log says "no need to register due to no resources", and the line
"Register successfully" never comes.

Fix (unsafe): declares the resources that index.py handles. Then requests reach it.

Bad:

    bundle.json
        "resources": []

Good:

    bundle.json
        "resources": [{"methods": ["get"], "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import METHODS
from bundlekit.lint.edits import appended
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule, unsafe_fix

_MOST = 50  # handlers; a bundle has a few


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    message = "the list of resources is empty, expected at least one"
    hint = 'add one, such as {"methods": ["get", "put"], "resource": "/example"}'
    diagnostic = in_manifest(inspection, error.pointer, message, hint)
    yield replace(diagnostic, correction=_correction(inspection, error.pointer))


def _correction(inspection: Inspection, pointer: str) -> Correction | None:
    """The resources of the handlers in index.py, if each of them can be seen."""
    routes = inspection.source.routes
    if not 0 < len(routes) <= _MOST or any(one.resource is None or one.methods is None for one in routes):
        return None
    methods: dict[str, set[str]] = {}
    for one in routes:
        methods.setdefault(one.resource or "", set()).update(one.methods or ())
    if not all(resource.startswith("/") and taken <= set(METHODS) for resource, taken in methods.items()):
        return None
    declared = [
        {"methods": [one for one in METHODS if one in taken], "resource": resource}
        for resource, taken in methods.items()
    ]
    edits = appended(inspection.manifest, pointer, [], declared)
    return unsafe_fix("Declare the resources that index.py handles", edits)


RULE = structure_rule(
    code="BK114",
    name="no-resources",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/resources/minItems"},
    word=word,
)
