"""`bundlekit history`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from bundlekit.cli.access import Access, access_options, bundle_option, session_on
from bundlekit.cli.verb import verb


@verb(
    "history",
    examples="""
    bundlekit history moxa@192.168.4.127
    bundlekit history moxa@192.168.4.127 --bundle thermostat --format json | jq .acts[0]
    """,
)
@access_options
@bundle_option("Of this bundle only; by default of all.", or_all=True)
@click.option(
    "-n", "--lines", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Changes to show at most."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: Access, bundle: str | None, lines: int, form: str) -> int:
    """Tell who changed what on a gateway, when, from where, and how it ended; the last change first.

    The gateway writes a line for each change, by its own clock, however the change ended and whoever was still there to
    see it. It keeps the last few thousand, and those of bundles that were removed too.
    """
    return run(access, bundle, lines=lines, form=form)


def run(access: Access, bundle: str | None, *, lines: int, form: str) -> int:
    """Print a line a change."""
    from bundlekit.deploy import verbs
    from bundlekit.deploy.history import entry_in_words, entry_reason

    with session_on(access) as session:
        acts = verbs.history(session, bundle, lines)
    if form == "json":
        shown = [{**asdict(act), "reason": entry_reason(act)} for act in acts]
        click.echo(json.dumps({**session.identity, "acts": shown}, indent=2))
        return 0
    for act in acts:
        click.echo(f"{act.bundle}: {entry_in_words(act)}")
    if not acts:
        click.echo(
            f"nothing of {bundle} was changed there yet" if bundle else "nothing was changed there yet", err=True
        )
    return 0
