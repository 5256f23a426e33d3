"""`bundlekit releases`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from bundlekit.cli.access import Access, access_options, bundle_option, bundle_there, session_on
from bundlekit.cli.verb import verb


@verb(
    "releases",
    summary="List the releases of a bundle on a gateway.",
    examples="""
    bundlekit releases moxa@192.168.4.127
    bundlekit releases moxa@192.168.4.127 --format json
    """,
)
@access_options
@bundle_option()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: Access, bundle: str | None, form: str) -> int:
    """List the releases of a bundle on a gateway, the newest first; `*` marks the current one."""
    return run(access, bundle, form=form)


def run(access: Access, bundle: str | None, *, form: str) -> int:
    """Print a line a release."""
    from bundlekit.deploy.outcome import reason_in_words

    with session_on(access) as session:
        state = bundle_there(session, bundle)
    if form == "json":
        releases = [
            {
                **asdict(release),
                "reason": reason_in_words(release.reason, state.name) if release.reason else "",
                "current": release.id == state.current,
            }
            for release in state.releases
        ]
        click.echo(json.dumps({**session.identity, "bundle": state.name, "releases": releases}, indent=2))
        return 0
    width = max(len(release.id) for release in state.releases)
    for release in state.releases:
        mark = "*" if release.id == state.current else " "
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(release.time))
        reason = f": {reason_in_words(release.reason, state.name)}" if release.reason else ""
        click.echo(f"{mark} {release.id:<{width}}  {when}  {release.state}{reason}  by {release.who}")
    return 0
