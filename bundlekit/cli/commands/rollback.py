"""`bundlekit rollback`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli import completing
from bundlekit.cli.access import (
    bundle_option,
    bundle_there,
    force_option,
    hand_over_option,
    release_word,
    session_on,
    verify_option,
    wait_lock_option,
    wait_option,
)
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.for_each import change_each
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.listener import Listener
    from bundlekit.remote.session import Session


@verb(
    "rollback",
    examples="""
    bundlekit rollback moxa@192.168.4.127  undo the last change: to the previous release
    bundlekit rollback moxa@192.168.4.127 0.1.0  to a version, or to a release by the start of its id
    bundlekit rollback moxa@192.168.4.127 --mark-bad  and mark the current release as bad
    bundlekit rollback moxa@192.168.4.127 --settings  and to the last settings of that release
    bundlekit rollback -i gateways.ini 'substations,!gw07' 0.1.0  on a group of gateways
    """,
)
@partial(fleet_options, one=True)
@click.argument("release", required=False, callback=release_word, shell_complete=completing.releases)
@bundle_option()
@click.option("--settings", is_flag=True, help="Also restore the last settings of that release.")
@click.option("--mark-bad", is_flag=True, help="Mark the release that is current now as bad: no rollback to it.")
@wait_option
@verify_option
@hand_over_option
@force_option
@wait_lock_option
def command(access: FleetAccess, *, release: str | None, bundle: str | None, settings: bool, **options: Any) -> int:
    """Make an earlier release the current one. `bundlekit releases` lists them.

    Without RELEASE it undoes the last change, a deploy or a rollback to a RELEASE: the release that was replaced runs
    again. If you repeat the command, it undoes the change before that.

    The settings stay as they are, unless --settings is given. The present settings are kept with the release that is
    current now, so that a later rollback to it can restore them. A stopped bundle is started.

    Exit code: 0 it runs, 1 it did not start and was rolled back, 2 usage, 3 could not be done, 4 the gateway needs
    somebody to look at it.
    """
    from bundlekit.deploy import verbs

    def go_back(session: Session, state: BundleState, listener: Listener) -> Outcome:
        return verbs.rollback(session, state, release, listener, settings=settings, **options)

    def version_after(state: BundleState, outcome: Outcome) -> str:
        went_to = state.release(outcome.release)
        return f" {went_to.version}" if went_to else ""

    if not is_single(access):
        return change_each(
            access, bundle, go_back, lambda state, outcome: f"{state.name}{version_after(state, outcome)} runs"
        )
    with session_on(single(access)) as session:
        state = bundle_there(session, bundle)
        outcome = go_back(session, state, TerminalListener())
        what = f"release {outcome.release}{' with its settings' if settings else ''}"
        name = f"{state.name}{version_after(state, outcome)}"
        click.echo(f"{name} runs on {session.name}, {what}, in place of {outcome.replaced}")
    return 0
