"""A file is far larger than it can be on a gateway.

Why: A gateway has 512 MB of memory for everything. A bundle.json of more than 256 KiB, an index.py of more than
512 KiB or a factory file of more than 4 MiB is a mistake, and is not looked into.

Bad:

    bundle.json is 300000 bytes long

Good:

    bundle.json
        "description": "Keeps one value and gives it back"
"""

from __future__ import annotations

from bundlekit.bundle.reading import Trouble
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK205",
    name="too-large",
    severity=Severity.ERROR,
    page=__doc__,
    trouble=Trouble.TOO_LARGE,
)
