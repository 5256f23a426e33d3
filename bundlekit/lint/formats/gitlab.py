"""GitLab's Code Quality report: a JSON array, one object a finding."""

from __future__ import annotations

from collections.abc import Sequence

from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Severity
from bundlekit.lint.formats.fingerprints import fingerprinted
from bundlekit.lint.formats.report import About, Checked, Items, Report, from_root
from bundlekit.quoting import printable

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


class Gitlab(Report):
    is_document = True

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._items = Items()

    def begin(self) -> str:
        return "["

    def bundle(self, checked: Checked) -> str:
        return self._items.add(
            *(
                {
                    "description": printable(f"{finding.code} {finding.message}"),
                    "check_name": finding.rule,
                    "fingerprint": fingerprint,
                    "severity": _SEVERITIES[finding.severity],
                    "location": {
                        "path": from_root(finding.file, self.about.root),
                        "lines": {"begin": finding.line, "end": finding.end_line},
                    },
                }
                for finding, fingerprint in fingerprinted(checked, self.about.root)
            )
        )

    def end(self, failures: Sequence[BundlekitError]) -> str:
        return self._items.close() + "\n"
