"""A file of the bundle is not a plain, readable file.

Why: bundle.json, index.py and the factory file must be plain files. A link leads nowhere after the bundle is unpacked
on a gateway, and a folder, a pipe or a file without read permission cannot be checked or packed.

Evidence: Python 2.7.18 follows a link as long as its target exists; on a gateway, a target outside of the folder does
not exist. `bundlekit pack` and `bundlekit deploy` refuse links: they led Python's tarfile out of the folder more than
once, even with its own filter.

Bad:

    index.py is a link to ../common/index.py

Good:

    data/example.json.factory
        {}
"""

from __future__ import annotations

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import reading_rule

RULE = reading_rule(
    code="BK204",
    name="unreadable-file",
    severity=Severity.ERROR,
    page=__doc__,
    kind=ReadErrorKind.NOT_READABLE,
)
