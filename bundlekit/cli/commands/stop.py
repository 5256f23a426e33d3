"""`bundlekit stop`."""

from __future__ import annotations

import click

from bundlekit.cli.access import bundle_option, bundle_there, session_on, wait_lock_option
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.for_each import change_each
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb


@verb("stop", examples="bundlekit stop moxa@192.168.4.127 --bundle thermostat")
@fleet_options
@bundle_option()
@wait_lock_option
def command(access: FleetAccess, bundle: str | None, wait_lock: int) -> int:
    """Stop a bundle on a gateway, or on many. It stays stopped over a reboot, until `start`, `restart`, `rollback` or
    `deploy`."""

    from bundlekit.deploy import verbs

    if not is_single(access):
        return change_each(
            access,
            bundle,
            lambda session, state, listener: verbs.stop(session, state.name, listener, wait_lock=wait_lock),
            lambda state, _: f"{state.name} {state.version} is stopped",
        )
    with session_on(single(access)) as session:
        state = bundle_there(session, bundle)
        outcome = verbs.stop(session, state.name, TerminalListener(), wait_lock=wait_lock)
        click.echo(f"{state.name} {state.version} is stopped on {session.name}, release {outcome.release}")
    return 0
