"""The list of resources is empty.

Why: the SDK registers a bundle for its resources, and with none it does not register at all: no request ever reaches
it, and a deploy waits in vain for it to come up.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the log says "no need to register due to no resources", and the line
"Register successfully" never comes.

Bad:

    bundle.json
        "resources": []

Good:

    bundle.json
        "resources": [{"methods": ["get"], "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    message = "the list of resources is empty, expected at least one"
    hint = 'add one, such as {"methods": ["get", "put"], "resource": "/example"}'
    yield in_manifest(inspection, error.pointer, message, hint)


RULE = structure_rule(
    code="BK114",
    name="no-resources",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/resources/minItems"},
    word=word,
)
