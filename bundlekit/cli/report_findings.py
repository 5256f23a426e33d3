"""How findings look: to people, and to programs."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bundlekit.bundle.quoting import printable
from bundlekit.errors import BundlekitError, Refused
from bundlekit.lint import Finding, Severity, check

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle

FORMAT_VERSION = 1
"""Of the JSON; it grows by one when something in it changes its meaning or goes away."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_WIDTH = 100
_LEAD = 40


def write_text(findings: Iterable[Finding], *, err: bool = False) -> None:
    """Print findings for people: place, rule and message, the line with a mark under it, the hint."""
    for finding in findings:
        for line in _lines(finding):
            click.echo(line, err=err)


def json_report(checked: Sequence[tuple[str, Sequence[Finding]]], failures: Sequence[BundlekitError]) -> dict[str, Any]:
    """Findings for programs, in the form that docs/validate.md describes.

    Args:
        checked: for each bundle how it is called, and what was found.
        failures: what could not be checked.
    """
    counts = Counter(finding.severity for _, findings in checked for finding in findings)
    report = {
        "version": FORMAT_VERSION,
        "bundles": [
            {"path": label, "findings": [_as_json(finding) for finding in findings]} for label, findings in checked
        ],
        "failures": [{"message": failure.message, "hint": failure.hint or ""} for failure in failures],
        "summary": {
            "bundles": len(checked),
            "clean": sum(not findings for _, findings in checked),
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
            "infos": counts[Severity.INFO],
        },
    }
    sound: dict[str, Any] = json.loads(json.dumps(report), object_hook=_without_surrogates)
    return sound


def summary(labels: Sequence[str], clean: int, counts: Counter[Severity]) -> str:
    """`2 bundles: 1 clean, 3 errors, 1 warning`.

    Args:
        labels: how the checked bundles are called.
        clean: how many of them have no finding.
        counts: how many findings there are.
    """
    if not labels:
        return "no bundle was checked"
    if len(labels) == clean == 1:
        return f"{printable(labels[0])}: {click.style('clean', fg='green')}"
    parts = [f"{clean} clean"] if clean else []
    parts += [_counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    return f"{_counted(len(labels), 'bundle')}: {', '.join(parts)}"


def refuse_errors(bundle: Bundle) -> None:
    """Check a bundle before something is done with it; errors and warnings are shown on standard error.

    Raises:
        Refused: it has errors.
    """
    findings = [finding for finding in check(bundle) if finding.severity is not Severity.INFO]
    write_text(findings, err=True)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if errors:
        raise Refused(
            f"{bundle.label} has {_counted(errors, 'error')}", hint="mend what is shown above, then try again"
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _as_json(finding: Finding) -> dict[str, Any]:
    return {key: value for key, value in asdict(finding).items() if key != "excerpt"}


def _without_surrogates(value: dict[str, Any]) -> dict[str, Any]:
    """Bytes of a name that is no UTF-8, and half characters, are no text that every reader of JSON takes."""
    return {
        key: item.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(item, str) else item
        for key, item in value.items()
    }


def _lines(finding: Finding) -> Iterator[str]:
    place = f"{printable(finding.file)}:{finding.line}:{finding.column}:"
    severity = click.style(finding.severity.value, fg=_COLOURS[finding.severity], bold=True)
    yield f"{click.style(place, bold=True)} {severity} {finding.code} {finding.rule}: {printable(finding.message)}"
    if finding.excerpt.strip():
        line, mark = _excerpt(finding)
        number = str(finding.line)
        yield f"{number:>6} | {line}"
        yield f"{'':>6} | {click.style(mark, fg=_COLOURS[finding.severity])}"
    if finding.hint:
        yield f"  {click.style('hint:', fg='cyan')} {printable(finding.hint)}"
    if finding.other:
        other = finding.other
        yield f"  {click.style('see:', fg='cyan')} {printable(other.file)}:{other.line}:{other.column}: {other.note}"


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
