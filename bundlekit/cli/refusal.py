"""The check of a bundle before something is done with it."""

from __future__ import annotations

from pathlib import Path

import click

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.quoting import printable
from bundlekit.cli.choice import Asked, Chosen
from bundlekit.cli.report_findings import write_text
from bundlekit.errors import Refused
from bundlekit.lint import Finding, Severity, check


def refuse_errors(bundle: Bundle, place: Path) -> None:
    """Check a bundle by the settings that count for it; errors and warnings are shown on standard error.

    An error that somebody chose to ignore, or to call something else, does not count, and is told.

    Args:
        bundle: the bundle.
        place: where its folder or archive lies.

    Raises:
        Refused: it has errors.
        BundlekitError: the settings cannot be read or make no sense.
    """
    findings = [one for one in check(bundle, Chosen(Asked()).of(place)) if one.severity is not Severity.INFO]
    write_text(findings, err=True)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    told = {_identity(finding) for finding in findings}
    for finding in check(bundle, heed_comments=False):
        if finding.severity is Severity.ERROR and _identity(finding) not in told:
            where = f"{printable(finding.file)}:{finding.line}:{finding.column}"
            said = f"{where}: {finding.code} {finding.rule} is ignored, as somebody chose: {printable(finding.message)}"
            click.echo(click.style("note: ", fg="yellow") + said, err=True)
    if errors:
        counted = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise Refused(f"{bundle.label} has {counted}", hint="mend what is shown above, then try again")


def _identity(finding: Finding) -> tuple[str, str, int, int, str]:
    return finding.code, finding.file, finding.line, finding.column, finding.message
