"""`bundlekit logs`."""

from __future__ import annotations

import click

from bundlekit.cli.access import Access, access_options, bundle_option, bundle_there, session_on
from bundlekit.cli.verb import verb


@verb(
    "logs",
    summary="Show what a bundle on a gateway printed.",
    examples="""
    bundlekit logs moxa@192.168.4.127  the last 100 lines
    bundlekit logs moxa@192.168.4.127 -f  and what is added, until Ctrl-C
    bundlekit logs moxa@192.168.4.127 -n 10000 | grep ERROR
    """,
)
@access_options
@bundle_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what is added, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0, 1_000_000), default=100, show_default=True, help="Lines to begin with."
)
def command(access: Access, bundle: str | None, follow: bool, lines: int) -> int:
    """Show what a bundle on a gateway printed, over all its releases."""
    return run(access, bundle, follow=follow, lines=lines)


def run(access: Access, bundle: str | None, *, follow: bool, lines: int) -> int:
    """Print the log's last lines; with `follow` until the user ends it."""
    with session_on(access) as session:
        try:
            for line in session.log_lines(bundle_there(session, bundle).name, lines, follow=follow):
                click.echo(line)
        except KeyboardInterrupt:
            if not follow:
                raise
    return 0
