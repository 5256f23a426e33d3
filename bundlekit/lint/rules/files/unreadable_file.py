"""What should be a file cannot be read as one.

Why: bundle.json, index.py and the factory file have to be plain files. A link leads to nothing once the bundle is
unpacked on a gateway, and a folder, a pipe or a file without permission to read gives nothing to check or to pack.

Evidence: Python 2.7.18 follows a link as long as what it leads to is there; unpacked on a gateway, what lay outside of
the folder is not. `bundlekit pack` and `bundlekit deploy` refuse links: Python's tarfile, its own filter on, was led
out of the folder by them more than once.

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
