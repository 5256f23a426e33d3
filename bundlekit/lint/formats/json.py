"""One JSON object, in the form that docs/validate.md describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Correction, Finding, Severity
from bundlekit.lint.formats.report import About, Checked, Items, Report, dumped, shown_correction

FORMAT_VERSION = 1
"""Grows by one when something in it changes its meaning or goes away."""


class Json(Report):
    is_document = True

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._bundles = Items()
        self._counts: Counter[str] = Counter()

    def begin(self) -> str:
        return f'{{"version": {FORMAT_VERSION},\n"bundles": ['

    def bundle(self, checked: Checked) -> str:
        self._counts.update(finding.severity.value for finding in checked.findings)
        self._counts.update(["bundles"])
        self._counts.update(["clean"] if not checked.findings else [])
        findings = [_as_json(finding) for finding in checked.findings]
        return self._bundles.add({"path": checked.label, "findings": findings})

    def end(self, failures: Sequence[BundlekitError]) -> str:
        told = [{"message": failure.message, "hint": failure.hint or ""} for failure in failures]
        summary = {
            "bundles": self._counts["bundles"],
            "clean": self._counts["clean"],
            "errors": self._counts[Severity.ERROR.value],
            "warnings": self._counts[Severity.WARNING.value],
            "infos": self._counts[Severity.INFO.value],
        }
        return f'{self._bundles.close()},\n"failures": {dumped(told)},\n"summary": {dumped(summary)}}}\n'


def _as_json(finding: Finding) -> dict[str, Any]:
    """`fix` and `rename` have what is safe; they were there before corrections that are not."""
    told = {key: value for key, value in asdict(finding).items() if key not in ("correction", "excerpt")}
    correction = shown_correction(finding)
    safe = correction if correction is not None and correction.is_safe else Correction("")
    return {
        **told,
        "fix": [asdict(edit) for edit in safe.edits],
        "rename": asdict(safe.rename) if safe.rename is not None else None,
        "correction": asdict(correction) if correction is not None else None,
    }
