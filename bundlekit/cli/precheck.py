"""The check of a bundle before something is done with it."""

from __future__ import annotations

from pathlib import Path

import click

from bundlekit.bundle.bundle import Bundle
from bundlekit.cli.baseline import KnownFindings
from bundlekit.cli.report_findings import write_text
from bundlekit.library.checking import examine, overridden_in_words, refusal_of, shown
from bundlekit.lint.chosen import RuleChoice


def refuse_errors(bundle: Bundle, place: Path, chosen: RuleChoice) -> None:
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
    with KnownFindings(chosen) as known:
        found = examine(bundle, place, chosen, known)
        write_text(shown(found), err=True)
    for sentence in overridden_in_words(found):
        click.echo(click.style("note: ", fg="yellow") + sentence, err=True)
    if not found.passed:
        raise refusal_of(found, hint="correct what is shown above, then try again")
