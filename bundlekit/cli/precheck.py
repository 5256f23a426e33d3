"""The check of a bundle before something is done with it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import click

from bundlekit.bundle.bundle import Bundle
from bundlekit.cli.baseline import KnownFindings
from bundlekit.cli.choice import Chosen
from bundlekit.cli.report_findings import counted, write_text
from bundlekit.errors import Refused
from bundlekit.lint import Finding, Severity, check_with_ignored
from bundlekit.quoting import printable


def refuse_errors(bundle: Bundle, place: Path, chosen: Chosen) -> None:
    """Check a bundle as `validate` does, by the settings and the baseline that count for it.

    Errors and warnings are shown on standard error, and what else `fail-on` makes fail. An error that somebody chose to
    ignore, or to call something else, does not count, and is told; of those in the baseline their number is.

    Args:
        bundle: the bundle.
        place: where its folder or archive lies.
        chosen: the rules, by the settings.

    Raises:
        Refused: it has errors, or other findings that fail the check.
        BundlekitError: the settings or the baseline cannot be read or make no sense.
    """
    selection = chosen.of(place)
    least = max(Severity.WARNING, selection.fail_on, key=list(Severity).index)
    found, by_themselves = check_with_ignored(bundle, selection)
    with KnownFindings(chosen) as known:
        findings = known.new(os.path.realpath(place), bundle, list(found), selection)
        write_text((one for one in findings if one.severity.is_at_least(least)), err=True)
    told = {_identity(finding) for finding in found if finding.severity.is_at_least(least)}
    for finding in by_themselves:
        if finding.severity is Severity.ERROR and _identity(finding) not in told:
            where = f"{printable(finding.file)}:{finding.line}:{finding.column}"
            by = "is ignored, by a comment or your settings"
            said = f"{where}: {finding.code} {finding.rule} {by}: {printable(finding.message)}"
            click.echo(click.style("note: ", fg="yellow") + said, err=True)
    if selection.fails(findings):
        failing = Counter(one.severity for one in findings if one.severity.is_at_least(selection.fail_on))
        counts = ", ".join(counted(failing[severity], severity.value) for severity in Severity if failing[severity])
        raise Refused(f"{bundle.label} has {counts}", hint="correct what is shown above, then try again")


def _identity(finding: Finding) -> tuple[str, str, int, int, str]:
    return finding.code, finding.file, finding.line, finding.column, finding.message
