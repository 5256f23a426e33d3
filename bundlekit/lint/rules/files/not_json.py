"""A JSON file is not JSON.

Why: The SDK stops while the bundle starts when it cannot read bundle.json, and begins without settings when it cannot
read the factory file. `NaN` and `Infinity` are not JSON either.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: an extra comma in bundle.json ends the start with a BundleConfigError;
after such a factory file `self.model.db` is None. A NaN in it is read, but an answer with NaN in it never arrived: the
original controller 1.6.2 drops everything that is not JSON.

Fix (safe): removes a comma behind the last item of an array or an object.

Bad:

    bundle.json
        {"name": "example",}

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadError, ReadErrorKind
from bundlekit.bundle.text import Text
from bundlekit.lint.finding import Correction, Edit, Severity
from bundlekit.lint.rule import reading_rule, safe_fix


def _correct(text: Text | None, error: ReadError) -> Correction | None:
    """Without the comma behind the last item."""
    place = error.span
    if text is None or text.between(place) != "," or not error.hint.startswith("remove the comma"):
        return None
    edit = Edit(place.line, place.column, place.end_line, place.end_column, "")
    return safe_fix("Remove the comma behind the last item", [edit])


RULE = reading_rule(
    code="BK208",
    name="not-json",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.NOT_JSON,
    correct=_correct,
)
