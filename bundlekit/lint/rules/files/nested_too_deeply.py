"""Arrays and objects of a JSON file nest too deeply.

Why: Python 2.7 on a gateway fails to read JSON with several hundred levels, and the bundle then has no settings. More
than 200 levels are a mistake.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: of 320 levels the settings were read and given back, of 500 they were
not ("maximum recursion depth exceeded"), and `self.model.db` is None.

Bad:

    data/example.json.factory
        b'[' * 201 + b']' * 201

Good:

    data/example.json.factory
        [[["three", "levels"]]]
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK209",
    name="nested-too-deeply",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.TOO_DEEP,
)
