"""One line a finding, as compilers write it: `FILE:LINE:COLUMN: CODE MESSAGE`."""

from __future__ import annotations

from bundlekit.lint.finding import Finding
from bundlekit.lint.formats.report import Checked, Report, named
from bundlekit.quoting import printable


def line(finding: Finding) -> str:
    """The line of a finding."""
    return f"{named(finding.file)}:{finding.line}:{finding.column}: {finding.code} {printable(finding.message)}"


class Concise(Report):
    def bundle(self, checked: Checked) -> str:
        return "".join(line(finding) + "\n" for finding in checked.findings)
