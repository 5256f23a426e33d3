"""`bundlekit start`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from bundlekit.cli.access import (
    bundle_option,
    bundle_there,
    force_option,
    session_on,
    wait_lock_option,
    wait_option,
)
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.for_each import change_each
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome


@verb("start", examples="bundlekit start moxa@192.168.4.127 --bundle thermostat")
@fleet_options
@bundle_option()
@wait_option
@force_option
@wait_lock_option
def command(access: FleetAccess, *, bundle: str | None, wait: int, wait_lock: int, force: bool) -> int:
    """Start a bundle on a gateway, or on many, now and at each boot."""
    return come_up(access, bundle, "start", wait=wait, wait_lock=wait_lock, force=force)


def come_up(access: FleetAccess, bundle: str | None, how: Literal["start", "restart"], **options: Any) -> int:
    """Start or restart a bundle, and say which release runs."""
    from bundlekit.deploy import verbs

    act: Callable[..., Outcome] = {"start": verbs.start, "restart": verbs.restart}[how]
    if not is_single(access):
        return change_each(
            access,
            bundle,
            lambda session, state, listener: act(session, state.name, listener, **options),
            lambda state, _: f"{state.name} {state.version} runs",
        )
    with session_on(single(access)) as session:
        state = bundle_there(session, bundle)
        outcome = act(session, state.name, TerminalListener(), **options)
        click.echo(f"{state.name} {state.version} runs on {session.name}, release {outcome.release}")
    return 0
