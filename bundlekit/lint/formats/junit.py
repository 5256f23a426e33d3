"""JUnit XML, which CI servers read: a suite a bundle, a case a finding.

A case fails whose finding fails the check; the others pass and say in their output what was found. A bundle without a
finding is one case that passes, and what could not be checked a case with an error.
"""

from __future__ import annotations

from collections.abc import Sequence

from bundlekit.errors import BundlekitError
from bundlekit.junit import Case, fragment, suite
from bundlekit.lint.finding import Finding
from bundlekit.lint.formats.report import About, Checked, Report
from bundlekit.lint.formats.text import lines
from bundlekit.quoting import printable


class Junit(Report):
    is_document = True

    def begin(self) -> str:
        return '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="bundlekit validate">\n'

    def bundle(self, checked: Checked) -> str:
        cases = [_case(finding, finding.severity.is_at_least(checked.fail_on)) for finding in checked.findings]
        return fragment(suite(checked.label, cases or [Case(checked.label, "clean")]))

    def end(self, failures: Sequence[BundlekitError]) -> str:
        errors = [
            Case(
                "bundlekit",
                f"could not check {number}",
                "error",
                each.message,
                type(each).__name__,
                printable(each.hint or ""),
            )
            for number, each in enumerate(failures, 1)
        ]
        return (fragment(suite("bundlekit validate", errors)) if errors else "") + "</testsuites>\n"


def _case(finding: Finding, is_failure: bool) -> Case:
    name = f"{finding.code} {finding.rule} at {finding.line}:{finding.column}"
    text = "\n".join(lines(finding, About()))
    if not is_failure:
        return Case(finding.file, name, "system-out", text=text)
    return Case(finding.file, name, "failure", finding.message, finding.severity.value, text)
