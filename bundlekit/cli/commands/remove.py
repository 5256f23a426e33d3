"""`bundlekit remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import bundle_option, bundle_there, session_on, wait_lock_option
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, gateways_of, is_single, single
from bundlekit.cli.for_each import change_each
from bundlekit.cli.terminal import TerminalListener, can_ask
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, CouldNotRun

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.listener import Listener
    from bundlekit.remote.session import Session


@verb(
    "remove",
    examples="""
    bundlekit remove moxa@192.168.4.127 --bundle thermostat  keeps its settings
    bundlekit remove moxa@192.168.4.127 --bundle thermostat --purge --yes  also its settings; does not ask
    bundlekit remove -i gateways.ini laboratory --bundle thermostat  from a group of gateways; asks once
    """,
)
@fleet_options
@bundle_option()
@click.option("--purge", is_flag=True, help="Also remove the settings; this cannot be undone.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@wait_lock_option
def command(access: FleetAccess, bundle: str | None, purge: bool, yes: bool, wait_lock: int) -> int:
    """Stop a bundle and remove it from one or several gateways, with its releases and its log.

    Its settings stay unless --purge.
    """

    from bundlekit.deploy import verbs

    if not yes and (access.password_stdin or not can_ask()):
        raise BadUsage(
            "remove asks first, and there is no terminal for the question", hint="--yes removes it without a question"
        )
    leftovers_count = purge or bundle is not None

    def remove(session: Session, state: BundleState, listener: Listener) -> Outcome:
        return verbs.remove(session, state.name, listener, purge=purge, wait_lock=wait_lock)

    if not is_single(access):
        what = f"{bundle or 'the bundle'}, its releases, its log" + (" and its settings" if purge else "")
        if not yes and not _agreed(access, what):
            return 0
        return change_each(
            access,
            bundle,
            lambda session, state, listener: remove(session, _worth_removing(state, purge), listener),
            lambda state, outcome: f"{state.name} is removed{', its settings are kept' * outcome.settings_kept}",
            leftovers_count=leftovers_count,
        )
    with session_on(single(access)) as session:
        state = _worth_removing(bundle_there(session, bundle, leftovers_count=leftovers_count), purge)
        name = state.name
        what = f"{name}, its releases, its log and its settings" if purge else f"{name}, its releases and its log"
        if not yes and not click.confirm(f"Remove {what} from {session.name}?", err=True):
            click.echo("nothing was removed", err=True)
            return 0
        outcome = remove(session, state, TerminalListener())
        kept = "; its settings are kept there for the next deploy" if outcome.settings_kept else ""
        click.echo(f"{name} is removed from {session.name}{kept}")
    return 0


def _worth_removing(state: BundleState, purge: bool) -> BundleState:
    if state.settings and not (purge or state.current or state.releases):
        raise CouldNotRun(f"only the settings of {state.name} are left there", hint="--purge removes them")
    return state


def _agreed(access: FleetAccess, what: str) -> bool:
    from bundlekit.fleet.folding import fold

    names = [gateway.name for gateway in gateways_of(access)]
    if click.confirm(f"Remove {what} from {len(names)} gateways, {fold(names)}?", err=True):
        return True
    click.echo("nothing was removed", err=True)
    return False
