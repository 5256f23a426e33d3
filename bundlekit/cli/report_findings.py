"""Where findings go: standard output or a file, in the format that is asked for, and a summary beside it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bundlekit.cli.document import writing
from bundlekit.errors import BundlekitError
from bundlekit.lint import Finding, Severity
from bundlekit.lint.finding import counted
from bundlekit.lint.formats import About, Checked, Report, report
from bundlekit.lint.formats.report import named
from bundlekit.lint.formats.text import COLOURS, MOST_OF_A_RULE, lines

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle


class Reporter:
    """Writes findings as they come, and counts them."""

    def __init__(self, form: Report, stream: TextIO | None) -> None:
        """`stream`: where the report goes; standard output by default."""
        self._form = form
        self._stream = stream
        self._last = ""
        self._bundles = self._clean = 0
        self._rules: Counter[tuple[Severity, str, str]] = Counter()
        self._corrections: Counter[bool] = Counter()
        self._write(form.begin())

    def add(self, bundle: Bundle, findings: Sequence[Finding], fail_on: Severity, *, called: str) -> None:
        """Write what was found in a bundle.

        Args:
            bundle: the bundle.
            findings: in the order of file, line and column.
            fail_on: the severity from which on they fail the check.
            called: what was checked, as the user calls it.
        """
        self._last = called
        self._bundles += 1
        self._clean += not findings
        self._rules.update((finding.severity, finding.code, finding.rule) for finding in findings)
        if not bundle.in_archive and called == bundle.label:  # else there is nothing that --fix could write to
            self._corrections.update(one.correction.is_safe for one in findings if one.correction is not None)
        archive = bundle.label if bundle.in_archive else ""
        self._write(self._form.bundle(Checked(called, findings, archive, fail_on)))

    def end(self, failures: Sequence[BundlekitError]) -> None:
        """Write the rest; the summary goes to standard error, unless a program reads all that there is to know."""
        self._write(self._form.end(failures))
        is_read_by_people = self._stream is not None or not self._form.is_document
        if is_read_by_people and (self._bundles or not failures):
            for line in self._summary():
                click.echo(line, err=True)

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
        elif text:
            click.echo(text, nl=False)

    def _summary(self) -> Iterator[str]:
        """A line for each rule where there are many findings, then `2 bundles: 1 clean, 3 errors, 1 warning`, and how
        many of them can be corrected.
        """
        if len(self._rules) > 1 and self._rules.total() > MOST_OF_A_RULE:
            order = list(Severity)
            width = len(str(max(self._rules.values())))
            for (severity, code, name), count in sorted(
                self._rules.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0][1])
            ):
                yield f"{count:>{width}} {click.style(severity.value, fg=COLOURS[severity])} {code} {name}"
        counts: Counter[Severity] = Counter()
        for (severity, _, _), count in self._rules.items():
            counts[severity] += count
        if not self._bundles:
            yield "no bundle was checked"
        elif self._bundles == self._clean == 1:
            yield f"{named(self._last)}: {click.style('clean', fg='green')}"
        else:
            parts = [f"{self._clean} clean"] if self._clean else []
            parts += [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
            yield f"{counted(self._bundles, 'bundle')}: {', '.join(parts)}"
        safe, unsafe = self._corrections[True], self._corrections[False]
        if safe:
            yield f"{safe} can be corrected with --fix" + (f", {unsafe} more with --unsafe-fixes" if unsafe else "")
        elif unsafe:
            yield f"{unsafe} can be corrected with --fix --unsafe-fixes"


@contextmanager
def reporter(format_name: str, output: Path | None) -> Iterator[Reporter]:
    """A reporter; what it writes is on the disk when this ends.

    Args:
        format_name: one of `bundlekit.lint.formats.FORMATS`.
        output: the file to write; standard output by default.

    Raises:
        CouldNotRun: the file cannot be written.
    """
    root = str(Path.cwd())
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):  # what its encoding lacks is told by its code
            sys.stdout.reconfigure(errors="backslashreplace")
        yield Reporter(report(format_name, About(root, _paint)), None)
        return
    with writing(output) as stream:
        yield Reporter(report(format_name, About(root)), stream)


def write_text(findings: Iterable[Finding], *, err: bool = False) -> None:
    """Print findings for people: place, rule and message, the line with a mark under it, the hint."""
    for finding in findings:
        for line in lines(finding, About(paint=_paint)):
            click.echo(line, err=err)


def _paint(text: str, look: str) -> str:
    colour = look.removeprefix("bold").strip()
    return click.style(text, fg=colour or None, bold=look.startswith("bold") or None)
