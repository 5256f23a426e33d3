"""`bundlekit rollback`."""

from __future__ import annotations

import click

from bundlekit.cli.access import (
    Access,
    access_options,
    bundle_option,
    bundle_there,
    session_on,
    wait_option,
)
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb


@verb(
    "rollback",
    summary="Make an earlier release the current one.",
    examples="""
    bundlekit rollback moxa@192.168.4.127  to the last good release before the current one
    bundlekit rollback moxa@192.168.4.127 0.1.0  to a version, or to a release by the start of its id
    """,
)
@access_options
@click.argument("release", required=False)
@bundle_option
@wait_option
def command(access: Access, release: str | None, bundle: str | None, wait: int) -> int:
    """Make an earlier release the current one. `bundlekit releases` lists them. The settings stay as they are."""
    return run(access, bundle, release, wait=wait)


def run(access: Access, bundle: str | None, release: str | None, *, wait: int) -> int:
    """Go back to a release, by default the last good one; if it does not come up, stay with the current one."""
    from bundlekit.deploy import verbs

    with session_on(access) as session:
        state = bundle_there(session, bundle)
        outcome = verbs.rollback(session, state, release, TerminalListener(), wait=wait)
        click.echo(f"{state.name} runs on {session.account}, release {outcome.release}, in place of {outcome.replaced}")
    return 0
