"""`bundlekit logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bundlekit.cli import completing
from bundlekit.cli.access import Access, bundle_option, bundle_there, release_word, session_on
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.fleet.inventory import Gateway


@verb(
    "logs",
    examples="""
    bundlekit logs moxa@192.168.4.127  the last 100 lines
    bundlekit logs moxa@192.168.4.127 -f  and new lines, until Ctrl-C
    bundlekit logs moxa@192.168.4.127 -n 10000 | grep ERROR
    bundlekit logs moxa@192.168.4.127 --release 0.2.0  only of that release, even if it failed
    bundlekit logs -i gateways.ini substations -f  of a group of gateways; each line begins with the gateway's name
    """,
)
@fleet_options
@bundle_option()
@click.option("-f", "--follow", is_flag=True, help="Continue with new lines, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0, 1_000_000), default=100, show_default=True, help="Lines to begin with."
)
@click.option(
    "--release",
    metavar="VERSION|ID",
    callback=release_word,
    shell_complete=completing.releases,
    help="Only of this release, even if it was rolled back.",
)
def command(access: FleetAccess, bundle: str | None, follow: bool, lines: int, release: str | None) -> int:
    """Show what a bundle on a gateway printed, over all its releases."""
    if follow and release is not None:
        raise BadUsage("--follow and --release exclude each other", hint="new lines come from the current release")
    if is_single(access):
        return run(single(access), bundle, follow=follow, lines=lines, release=release)
    return run_each(access, bundle, follow=follow, lines=lines, release=release)


def run(access: Access, bundle: str | None, *, follow: bool, lines: int, release: str | None) -> int:
    """Print the log's last lines; with `follow` until the user ends it."""
    from bundlekit.deploy.release_choice import release_named

    with session_on(access) as session:
        state = bundle_there(session, bundle)
        of = release_named(state, release) if release is not None else None
        try:
            for line in session.log_lines(state.name, lines, follow=follow, release=of):
                click.echo(line)
        except KeyboardInterrupt:
            if not follow:
                raise
    return 0


def run_each(access: FleetAccess, bundle: str | None, *, follow: bool, lines: int, release: str | None) -> int:
    """Print the lines of all gateways as they come, each behind its gateway's name."""
    from bundlekit.cli.for_each import GatewayResult, for_each
    from bundlekit.deploy.release_choice import release_named
    from bundlekit.quoting import printable

    def show(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        with fleet.session(gateway) as session:
            state = bundle_there(session, bundle, remember=False)
            of = release_named(state, release) if release is not None else None
            for line in session.log_lines(state.name, lines, follow=follow, release=of):
                click.echo(f"{printable(gateway.name)} | {line}")
        return GatewayResult()

    try:
        return for_each(access, show, all_at_once=follow)
    except KeyboardInterrupt:
        if not follow:
            raise
    return 0
