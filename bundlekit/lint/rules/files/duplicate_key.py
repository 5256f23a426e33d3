"""A key occurs twice in one object of a JSON file.

Why: Readers of JSON keep the last value and silently drop the first, so half of the content does not count.

Evidence: RFC 8259, 4, calls the result unpredictable. Seen with SDK 1.1.2 on Python 2.7.18: of two `resources` in
bundle.json the second was registered, and requests for the resources of the first were answered with 403.

Bad:

    data/example.json.factory
        {"interval": 5, "interval": 10}

Good:

    data/example.json.factory
        {"interval": 10}
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK210",
    name="duplicate-key",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.DUPLICATE_KEY,
)
