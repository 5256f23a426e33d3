"""SARIF 2.1.0, which code scanning services and editors read (OASIS standard, schema of errata 01).

Columns count characters, as `columnKind` says. Paths are relative to where the check ran, percent-encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from bundlekit import __version__
from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Correction, Edit, Finding, Severity
from bundlekit.lint.formats.fingerprints import fingerprinted
from bundlekit.lint.formats.report import About, Checked, Items, Report, dumped, from_root, shown_correction
from bundlekit.lint.page import described, page_of
from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from bundlekit.quoting import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


class Sarif(Report):
    is_document = True

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._results = Items()
        self._indexes = {rule.code: index for index, rule in enumerate(rules())}

    def begin(self) -> str:
        driver = {"name": "bundlekit", "version": __version__, "rules": [_rule(rule) for rule in rules()]}
        return (
            f'{{"$schema": "{SCHEMA}",\n"version": "2.1.0",\n"runs": [{{"tool": {dumped({"driver": driver})},\n'
            '"columnKind": "unicodeCodePoints",\n"results": ['
        )

    def bundle(self, checked: Checked) -> str:
        root = self.about.root
        return self._results.add(
            *(self._result(checked, finding, fingerprint) for finding, fingerprint in fingerprinted(checked, root))
        )

    def end(self, failures: Sequence[BundlekitError]) -> str:
        told = [{"level": "error", "message": {"text": _message(failure.message)}} for failure in failures]
        invocation = {"executionSuccessful": not failures, "toolExecutionNotifications": told}
        return f'{self._results.close()},\n"invocations": [{dumped(invocation)}]}}]}}\n'

    def _result(self, checked: Checked, finding: Finding, fingerprint: str) -> dict[str, Any]:
        hint = f"\n{finding.hint}" if finding.hint else ""
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "level": _LEVELS[finding.severity],
            "message": {"text": _message(finding.message) + _message(hint)},
            "locations": [self._place(checked, finding.file, _region(finding))],
            "partialFingerprints": {"bundlekit/v1": fingerprint},
        }
        if finding.code in self._indexes:
            result["ruleIndex"] = self._indexes[finding.code]
        if finding.other is not None:
            other = finding.other
            region = {"startLine": other.line, "startColumn": other.column}
            result["relatedLocations"] = [
                {**self._place(checked, other.file, region), "message": {"text": _message(other.note)}}
            ]
        correction = shown_correction(finding) if not checked.archive else None
        if correction is not None and correction.edits:
            result["fixes"] = [self._fix(finding, correction)]
        if correction is not None and correction.rename is not None:  # a fix of SARIF changes files, not their names
            uris = {key: self._artifact(file)["uri"] for key, file in asdict(correction.rename).items()}
            result["properties"] = {"rename": uris}
        return result

    def _fix(self, finding: Finding, correction: Correction) -> dict[str, Any]:
        replacements = [
            {"deletedRegion": _region(edit), "insertedContent": {"text": edit.text}} for edit in correction.edits
        ]
        change = {"artifactLocation": self._artifact(finding.file), "replacements": replacements}
        return {
            "description": {"text": _message(correction.title)},
            "artifactChanges": [change],
            "properties": {"safe": correction.is_safe},
        }

    def _place(self, checked: Checked, file: str, region: dict[str, int]) -> dict[str, Any]:
        if not checked.archive:
            return {"physicalLocation": {"artifactLocation": self._artifact(file), "region": region}}
        # A line of what is in an archive is none of the archive's.
        inside = f"{printable(file)}:{region['startLine']}:{region['startColumn']}"
        return {
            "physicalLocation": {"artifactLocation": self._artifact(checked.archive)},
            "logicalLocations": [{"fullyQualifiedName": inside}],
        }

    def _artifact(self, file: str) -> dict[str, str]:
        file = from_root(file, self.about.root)
        try:
            path = quote(file.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:  # no file's name, but what a bundle says one would be
            path = quote(file, errors="backslashreplace")
        return {"uri": f"file://{path}"} if file.startswith("/") else {"uri": path, "uriBaseId": "%SRCROOT%"}


def _region(place: Finding | Edit) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    page = page_of(rule)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": _message(page.fault)},
        "fullDescription": {"text": _message(page.why)},
        "help": {"text": _message(f"{page.fault} {page.why}"), "markdown": "\n".join(described(page))},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _message(text: str) -> str:
    """A plain text as SARIF spells it, in which braces are placeholders and `[text](target)` is a link."""
    text = "".join(character if character == "\n" else printable(character) for character in text)
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
