"""A file is far larger than it can be on a gateway.

Why: A gateway has 512 MB of memory for everything. A bundle.json of more than 256 KiB, an index.py of more than 512 KiB
or a factory file of more than 4 MiB is a mistake. Its content is not checked.

Evidence: The three limits are ours, far above any bundle that was seen: SDK 1.1.2 on Python 2.7.18 started with a
bundle.json of 300,000 bytes, and sent all of it with each of its registrations.

Bad:

    bundle.json is 300000 bytes long

Good:

    bundle.json
        "description": "Keeps one value and gives it back"
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK205",
    name="too-large",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.TOO_LARGE,
)
