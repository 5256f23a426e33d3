r"""A JSON file is not UTF-8.

Why: JSON is UTF-8. The gateway's Python does not read anything else: with such a bundle.json the bundle does not start,
and with such a factory file it starts without settings, and says so only in its log.

Evidence: RFC 8259, 8.1. Seen with SDK 1.1.2 on Python 2.7.18: a bundle.json in Latin-1 ends the start with "'utf8'
codec can't decode byte 0xe9"; after such a factory file `self.model.db` is None.

Bad:

    bundle.json
        b'{"name": "example", "description": "Temp\xe9rature"}'

Good:

    bundle.json
        "description": "Température"
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK206",
    name="not-utf8",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.NOT_UTF8,
)
