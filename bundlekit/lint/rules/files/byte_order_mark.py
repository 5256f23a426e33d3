r"""A JSON file begins with a byte order mark.

Why: The SDK skips it, so the bundle starts; but RFC 8259 forbids to write one, and many other readers of JSON, such as
`JSON.parse`, refuse the file.

Evidence: RFC 8259, 8.1. Seen with SDK 1.1.2 on Python 2.7.18: bundle.json and factory file are read in spite of it.
Node's `JSON.parse` and Python 3's `json.loads` refuse the same bytes.

Fix (safe): removes the mark.

Bad:

    data/example.json.factory
        b'\xef\xbb\xbf{"key": "value"}'

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK207",
    name="byte-order-mark",
    severity=Severity.WARNING,
    page=__doc__,
    kind=ReadErrorKind.BYTE_ORDER_MARK,
    correct=lambda *_: Correction("Remove the byte order mark", drops_mark=True),
)
