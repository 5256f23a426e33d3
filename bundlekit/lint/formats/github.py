"""Workflow commands of GitHub Actions: each finding is shown at its line of a pull request.

The form is that of GitHub's own runner: data escapes `%`, carriage return and line feed, values of properties `:` and
`,` besides. Nothing else in a line has a meaning, as a command begins with the line.
"""

from __future__ import annotations

from collections.abc import Sequence

from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Finding, Severity
from bundlekit.lint.formats.concise import line
from bundlekit.lint.formats.report import Checked, Report, from_root
from bundlekit.quoting import printable

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


class Github(Report):
    def bundle(self, checked: Checked) -> str:
        return "".join(self._command(checked, finding) for finding in checked.findings)

    def end(self, failures: Sequence[BundlekitError]) -> str:
        return "".join(f"::error title=bundlekit::{_data(printable(one.message))}\n" for one in failures)

    def _command(self, checked: Checked, finding: Finding) -> str:
        place: dict[str, str | int] = {
            "file": printable(from_root(checked.archive or finding.file, self.about.root)),
            "line": finding.line,
            "col": finding.column,
            "endLine": finding.end_line,
            "endColumn": finding.end_column,
        }
        if checked.archive:  # a line of what is in it is none of the archive's
            place = {"file": place["file"]}
        elif finding.end_line != finding.line:  # columns are heeded within one line only
            del place["col"], place["endColumn"]
        place["title"] = f"{finding.code} {finding.rule}"
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items())
        hint = f"\nhint: {printable(finding.hint)}" if finding.hint else ""
        return f"::{_COMMANDS[finding.severity]} {properties}::{_data(line(finding) + hint)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
