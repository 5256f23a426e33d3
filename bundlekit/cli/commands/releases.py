"""`bundlekit releases`, and its own verbs `mark` and `remove`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from bundlekit.cli import completing
from bundlekit.cli.access import (
    Access,
    access_options,
    bundle_option,
    bundle_there,
    release_word,
    session_on,
    wait_lock_option,
)
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import VerbBesideVerbs, verb


@verb(
    "mark",
    summary="Mark a release as bad, or as good again.",
    examples="""
    bundlekit releases mark moxa@192.168.4.127 0.2.0 bad  no rollback to it
    bundlekit releases mark moxa@192.168.4.127 0.2.0-9b6a91ee good
    """,
)
@access_options
@click.argument("release", callback=release_word, shell_complete=completing.releases)
@click.argument("mark", type=click.Choice(["bad", "good"]))
@bundle_option()
@wait_lock_option
def mark_command(access: Access, release: str, mark: str, bundle: str | None, wait_lock: int) -> int:
    """Mark a release on a gateway as bad, so that there is no rollback to it, or as good.

    You can also mark the current release; it continues to run. If you deploy a bad release again and it starts, it is
    good.
    """
    from bundlekit.deploy.release_changes import mark_release

    with session_on(access) as session:
        state = bundle_there(session, bundle)
        outcome = mark_release(session, state, release, mark, TerminalListener(), wait_lock=wait_lock)
        click.echo(f"release {outcome.release} of {state.name} is marked as {mark} on {session.name}")
    return 0


@verb(
    "remove",
    summary="Remove a release that is not the current one.",
    examples="bundlekit releases remove moxa@192.168.4.127 0.2.0",
)
@access_options
@click.argument("release", callback=release_word, shell_complete=completing.releases)
@bundle_option()
@wait_lock_option
def remove_command(access: Access, release: str, bundle: str | None, wait_lock: int) -> int:
    """Remove a release from a gateway, with its log and with the settings that were kept with it.

    The current release cannot be removed. The settings of the bundle stay as they are.
    """
    from bundlekit.deploy.release_changes import drop_release

    with session_on(access) as session:
        state = bundle_there(session, bundle)
        outcome = drop_release(session, state, release, TerminalListener(), wait_lock=wait_lock)
        click.echo(f"release {outcome.release} of {state.name} is removed from {session.name}")
    return 0


@verb(
    "releases",
    examples="""
    bundlekit releases moxa@192.168.4.127
    bundlekit releases moxa@192.168.4.127 --format json
    bundlekit releases mark moxa@192.168.4.127 0.2.0 bad  no rollback to it
    bundlekit releases remove moxa@192.168.4.127 0.2.0
    """,
    kind=VerbBesideVerbs,
    verbs=(mark_command, remove_command),
)
@access_options
@bundle_option()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: Access, bundle: str | None, form: str) -> int:
    """List the releases of a bundle on a gateway, the newest first; `*` marks the current one.

    `mark` and `remove` change a release. If a Host has one of these names, write it as USER@HOST here.
    """

    from bundlekit.deploy.outcome import state_reason

    with session_on(access) as session:
        state = bundle_there(session, bundle)
    if form == "json":
        releases = [
            {
                **asdict(release),
                "reason": state_reason(release, state.name),
                "current": release.id == state.current,
            }
            for release in state.releases
        ]
        listed = {"bundle": state.name, "version": state.version, "releases": releases}
        click.echo(json.dumps({**session.identity, **listed}, indent=2))
        return 0
    width = max(len(release.id) for release in state.releases)
    for release in state.releases:
        mark = "*" if release.id == state.current else " "
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(release.time))
        said = state_reason(release, state.name)
        reason = f": {said}" if said else ""
        signed = f", signed by {release.signer}" if release.signer else ""
        click.echo(f"{mark} {release.id:<{width}}  {when}  {release.state}{reason}  by {release.who}{signed}")
    return 0
