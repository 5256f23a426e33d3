"""The factory file contains neither an object nor an array.

Why: The SDK's `ModelInitiator` saves settings only if they are an object or an array; for anything else, `save_db`
silently saves nothing.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with `"value"` there, a PUT that sets another string is answered with
200 while `save_db` returns False, and after the next start the old value is back.

Bad:

    data/example.json.factory
        "value"

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    factory = inspection.factory
    if factory is not None and factory.parsed and not isinstance(factory.value, dict | list):
        message = f"the factory file holds {quoted(factory.value)}, expected an object or an array"
        yield Diagnostic(factory.path, factory.position(""), message, "{} is the least", "")


RULE = Rule(code="BK211", name="factory-not-a-container", severity=Severity.ERROR, page=__doc__, check=check)
