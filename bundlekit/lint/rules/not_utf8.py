r"""A JSON file is not UTF-8.

Why: JSON is UTF-8. The gateway's Python raises an error on anything else, while the bundle starts.

Bad:

    bundle.json
        b'{"name": "example", "description": "Temp\xe9rature"}'

Good:

    bundle.json
        "description": "Température"
"""

from __future__ import annotations

from bundlekit.bundle.reading import Trouble
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK206",
    name="not-utf8",
    severity=Severity.ERROR,
    page=__doc__,
    trouble=Trouble.NOT_UTF8,
)
