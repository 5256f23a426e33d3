"""Findings as the protocol has them."""

from __future__ import annotations

from bisect import bisect_right

from bundlekit.lint.finding import Finding, Severity
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.positions import Places
from bundlekit.lsp.uris import uri_of
from bundlekit.shipped import rule_page

SOURCE = "bundlekit"

_SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}
_UNNECESSARY = 1  # editors grey it out
_TAGS = {"BK218": [_UNNECESSARY], "BK901": [_UNNECESSARY]}


class FilePlaces:
    """The places of findings in a file: lines end with LF alone there, and columns count characters from 1."""

    def __init__(self, places: Places, shift: int = 0) -> None:
        """Find the lines.

        Args:
            places: the file's text as the client has it.
            shift: the characters in front of what checks see.
        """
        self.places = places
        self.shift = shift
        self._starts = [shift]
        at = places.content.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = places.content.find("\n", at + 1)

    def offset(self, line: int, column: int) -> int:
        """The offset of a place in the client's text."""
        if line > len(self._starts):
            return len(self.places.content)
        return min(self._starts[line - 1] + column - 1, len(self.places.content))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset in the client's text."""
        line = max(bisect_right(self._starts, offset), 1)
        return line, max(offset - self._starts[line - 1], 0) + 1

    def range(self, line: int, column: int, end_line: int, end_column: int) -> Json:
        """The range of a stretch that a finding or an edit names.

        Args:
            line: where it begins.
            column: in that line.
            end_line: where it ends.
            end_column: in that line.
        """
        return self.places.range(self.offset(line, column), self.offset(end_line, end_column))


def diagnostic_of(finding: Finding, places: FilePlaces, related: Json | None) -> Json:
    """A finding as a `Diagnostic`.

    Args:
        finding: the finding.
        places: of its file.
        related: the location of the other place, if the client shows such.
    """
    made: Json = {
        "range": places.range(finding.line, finding.column, finding.end_line, finding.end_column),
        "severity": _SEVERITIES[finding.severity],
        "code": finding.code,
        "codeDescription": {"href": uri_of(rule_page(finding.code))},
        "source": SOURCE,
        "message": finding.message + (f"\n{finding.hint}" if finding.hint else ""),
    }
    if finding.code in _TAGS:
        made["tags"] = _TAGS[finding.code]
    if related is not None and finding.other is not None:
        made["relatedInformation"] = [{"location": related, "message": finding.other.note}]
    return made
