"""The factory file has another name than the bundle.

Why: The vendor's guide asks for `data/NAME.json.factory`, named like the bundle. The SDK's `ModelInitiator` looks for
the file under the name that index.py gives it, and raises an error where it finds none.

Evidence: The vendor's guide: the file's name must be the name in bundle.json. Seen with SDK 1.1.2 on Python 2.7.18:
`ModelInitiator` ends the start with `RuntimeError: No *.json.factory file`, however alike the other file's name is.

Bad:

    data/example.json.factory is missing

    data/exampel.json.factory
        {"key": "value"}

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.quoting import printable, quoted
from bundlekit.lint.cargo import misnamed_factories
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.rule import Fault, Rule, in_manifest


def check(inspection: Inspection) -> Iterator[Fault]:
    others = misnamed_factories(inspection)
    if others:
        message = (
            f"the factory file is not called {quoted(inspection.name)} as the bundle is, "
            f"expected data/{printable(inspection.name or '')[:100]}.json.factory"
        )
        yield in_manifest(inspection, "/name", message, f"rename {printable(others[0])[:200]}")


RULE = Rule(code="BK212", name="misnamed-factory", severity=Severity.ERROR, page=__doc__, check=check)
