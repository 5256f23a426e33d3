"""A file cannot be part of an archive.

Why: A gateway unpacks archives as root, so an archive contains only plain files and folders: a link may lead anywhere,
and a bundle has no use for a device or a pipe. Names must mean the same on every system, or one file replaces another.
`bundlekit pack` and `bundlekit deploy` refuse all other entries. Files that `.bundleignore` excludes do not matter.

Evidence: `bundlekit pack` refuses to make such an archive, and `bundlekit deploy` to send one. Links led Python's
tarfile out of the folder more than once even with its own filter, so bundlekit does not rely on it.

Bad:

    settings.ini is a link to ../common/settings.ini

Good:

    settings.ini
        interval = 5
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import others_of, package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.pack.safety import problems_of

_MOST = 100  # reports; one cause, such as a folder of links, makes hundreds
_LONGEST = 300  # characters; paths may have thousands
_HINT = "an archive holds plain files and folders, under names that mean the same on every system"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    contents = package_contents(inspection)
    entries = others_of(inspection)
    if next(problems_of(entries), None) is None:
        return
    packed = [entry for entry in entries if contents.goes_in(entry)]
    for problem in islice(problems_of(packed), _MOST):
        yield Diagnostic(problem.path or MANIFEST, BEGINNING, problem.what[:_LONGEST], _HINT)


RULE = Rule(code="BK216", name="unpackable-file", severity=Severity.ERROR, page=__doc__, check=check)
