"""`bundlekit history`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.access import Access, bundle_option, session_on
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.remote.events import HistoryEntry


@verb(
    "history",
    examples="""
    bundlekit history moxa@192.168.4.127
    bundlekit history moxa@192.168.4.127 --bundle thermostat --format json | jq '.acts[0]'
    bundlekit history -i gateways.ini -n 1  the last change on each gateway of a file
    """,
)
@fleet_options
@bundle_option("Only changes of this bundle; by default of all bundles.", or_all=True)
@click.option(
    "-n", "--lines", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Changes to show at most."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: FleetAccess, bundle: str | None, lines: int, form: str) -> int:
    """Show who changed what on a gateway, when, from where, and how it ended; the last change first.

    The gateway writes a line for each change, also of the list of signers, with the time of its own clock, however the
    change ended and even if the client was gone. It keeps the last few thousand lines, also those of removed bundles.
    """
    if is_single(access):
        return run(single(access), bundle, lines=lines, form=form)
    return run_each(access, bundle, lines=lines, form=form)


def run(access: Access, bundle: str | None, *, lines: int, form: str) -> int:
    """Print a line a change."""
    from bundlekit.deploy.history import read_history

    with session_on(access) as session:
        acts = read_history(session, bundle, lines)
    if form == "json":
        click.echo(json.dumps({**session.identity, "acts": _for_programs(acts)}, indent=2))
        return 0
    for act in acts:
        click.echo(_in_words(act))
    if not acts:
        click.echo(
            f"nothing of {bundle} was changed there yet" if bundle else "nothing was changed there yet", err=True
        )
    return 0


def run_each(access: FleetAccess, bundle: str | None, *, lines: int, form: str) -> int:
    """Print the changes below the name of each gateway."""
    from bundlekit.cli.for_each import GatewayResult, for_each
    from bundlekit.deploy.history import read_history

    def look(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        with fleet.session(gateway) as session:
            acts = read_history(session, bundle, lines)
            fields = {**session.identity, "acts": _for_programs(acts)}
        if not acts:
            return GatewayResult(("nothing was changed there yet",), fields=fields)
        return GatewayResult(fields=fields, output="\n".join(map(_in_words, acts)))

    return for_each(access, look, form=form)


def _in_words(act: HistoryEntry) -> str:
    from bundlekit.deploy.history import entry_in_words

    return f"{act.bundle or 'signers'}: {entry_in_words(act)}"


def _for_programs(acts: Sequence[HistoryEntry]) -> list[dict[str, Any]]:
    from bundlekit.deploy.history import entry_reason

    return [{**asdict(act), "reason": entry_reason(act)} for act in acts]
