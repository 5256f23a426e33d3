"""Findings for people: place, rule and message, the line with a mark under it, the hint."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

from bundlekit.lint.finding import Finding, Severity
from bundlekit.lint.formats.report import About, Checked, Report, named
from bundlekit.quoting import printable

MOST_OF_A_RULE = 20
"""More findings of one rule in one bundle than this are counted, not shown."""

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}

_WIDTH = 100  # characters of a source line; minified files have lines of a megabyte
_LEAD = 40  # characters in front of the place


class TextReport(Report):
    def bundle(self, checked: Checked) -> str:
        counts: Counter[tuple[str, str]] = Counter()
        text = ""
        for finding in checked.findings:
            rule = (finding.code, finding.rule)
            counts[rule] += 1
            if counts[rule] <= MOST_OF_A_RULE:
                text += "".join(line + "\n" for line in lines(finding, self.about))
        for (code, name), count in sorted(counts.items()):
            if count > MOST_OF_A_RULE:
                more = f"{named(checked.label)}: {count - MOST_OF_A_RULE} more of {code} {name}"
                text += f"{self.about.paint(more, 'bold')}; --format concise shows all\n"
        return text


def lines(finding: Finding, about: About) -> Iterator[str]:
    """The lines of a finding."""
    paint, colour = about.paint, COLOURS[finding.severity]
    place = paint(f"{named(finding.file)}:{finding.line}:{finding.column}:", "bold")
    severity = paint(finding.severity.value, f"bold {colour}")
    yield f"{place} {severity} {finding.code} {finding.rule}: {printable(finding.message)}"
    if finding.excerpt.strip():
        line, mark = _excerpt(finding)
        number = str(finding.line)
        yield f"{number:>6} | {line}"
        yield f"{'':>6} | {paint(mark, colour)}"
    if finding.hint:
        yield f"  {paint('hint:', 'cyan')} {printable(finding.hint)}"
    if finding.other:
        other = finding.other
        note = printable(other.note)
        yield f"  {paint('see:', 'cyan')} {printable(other.file)}:{other.line}:{other.column}: {note}"


def _excerpt(finding: Finding) -> tuple[str, str]:
    """The part of the line around the finding, and the marks to put under it."""
    text = finding.excerpt
    start = finding.column - 1
    end = finding.end_column - 1 if finding.end_line == finding.line else len(text)
    first = max(0, start - _LEAD) if len(text) > _WIDTH else 0
    last = min(len(text), first + _WIDTH)
    before = "..." if first else ""
    line = before + _plain(text[first:last]) + ("..." if last < len(text) else "")
    blank = len(before) + _cells(_plain(text[first:start]))
    marked = max(1, _cells(_plain(text[start : max(start, min(end, last))])))
    return line.rstrip(), " " * blank + "^" * marked


def _plain(text: str) -> str:
    return printable(text.replace("\t", " "))


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
