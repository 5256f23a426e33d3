"""A JSON file is not JSON.

Why: The SDK stops while the bundle starts when it cannot read bundle.json, and begins without settings when it cannot
read the factory file. `NaN` and `Infinity` are not JSON either.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: an extra comma in bundle.json ends the start with a BundleConfigError;
after such a factory file `self.model.db` is None. A NaN in it is read, but an answer with NaN in it never arrived: the
original controller 1.6.2 drops everything that is not JSON.

Bad:

    bundle.json
        {"name": "example",}

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK208",
    name="not-json",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.NOT_JSON,
)
