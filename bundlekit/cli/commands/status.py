"""`bundlekit status`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import Access, bundle_option, session_on
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.verb import verb
from bundlekit.errors import CouldNotRun

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.remote.events import BundleState, GatewayState, Neighbour
    from bundlekit.remote.session import Session

_MOST_BY_HAND = 10  # lines; a gateway can have dozens, and they are not what was asked for


@verb(
    "status",
    examples="""
    bundlekit status moxa@192.168.4.127
    bundlekit status moxa@192.168.4.127 --bundle thermostat --format json | jq .bundles[0].running
    bundlekit status -i gateways.ini  what runs on all gateways of a file
    bundlekit status -i gateways.ini 'substations,!gw07' --bundle thermostat  of a group without one gateway
    """,
)
@fleet_options
@bundle_option("Show only this bundle; by default all bundles.", or_all=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: FleetAccess, bundle: str | None, form: str) -> int:
    """Show what runs on one or several gateways. Exit code: 0 all deployed bundles run as they should, 1 a bundle does
    not; of several gateways, the highest code counts."""
    return run(single(access), bundle, form=form) if is_single(access) else run_each(access, bundle, form=form)


def run(access: Access, bundle: str | None, *, form: str) -> int:
    """Print the state of a gateway, of one bundle there or of all; 1 if one that should run does not."""
    from bundlekit.library.reports import gateway_report

    with session_on(access) as session:
        gateway = session.probe(bundle)
        _refuse_missing(session, gateway, bundle)
        if form == "json":
            click.echo(json.dumps({**session.identity, **gateway_report(gateway)}, indent=2))
        else:
            _print(session.name, gateway, bundle)
    return _code(gateway)


def _refuse_missing(session: Session, gateway: GatewayState, bundle: str | None) -> None:
    from bundlekit.remote.events import BundleState

    if bundle and gateway.bundles == (BundleState(bundle),) and not _copies(gateway, bundle):
        raise CouldNotRun(f"{bundle} is not deployed on {session.name}", hint="without --bundle, all are shown")


def _code(gateway: GatewayState) -> int:
    return 0 if all(state.is_well and not _copies(gateway, state.name) for state in gateway.bundles) else 1


def run_each(access: FleetAccess, bundle: str | None, *, form: str) -> int:
    """Print who runs what, with folded names."""
    from bundlekit.cli.for_each import GatewayResult, for_each
    from bundlekit.library.reports import gateway_report

    def look(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        with fleet.session(gateway) as session:
            state = session.probe(bundle)
            _refuse_missing(session, state, bundle)
            fields = {**session.identity, **gateway_report(state)} if form == "json" else {}
        lines = tuple(_in_a_line(state, one) for one in state.bundles) or ("no bundle",)
        return GatewayResult(lines, _code(state), fields, state.notes)

    return for_each(access, look, form=form)


def _in_a_line(gateway: GatewayState, state: BundleState) -> str:
    """What a bundle does, the same words wherever it does the same."""
    words = [f"{state.name} {state.version}" if state.current else f"{state.name}, not deployed"]
    if state.lock:
        words += ["under way" if state.lock.alive else "broken off"]
    if state.current and not state.running:
        words += ["stopped" if not state.at_boot else "crashed" if state.crashed is not None else "does not run"]
    elif state.running and not state.running.registered:
        words += ["not registered"]
    if _copies(gateway, state.name):
        words += ["a copy runs by hand"]
    return ", ".join(words)


def _copies(gateway: GatewayState, name: str) -> list[Neighbour]:
    """Those that run by hand of a bundle."""
    return [one for one in gateway.neighbours if one.pid and one.name == name]


def _print(name: str, gateway: GatewayState, bundle: str | None) -> None:
    from bundlekit.remote.neighbours import by_hand_in_words

    for note in gateway.notes:
        click.echo(click.style("note: ", fg="yellow") + note, err=True)
    python = gateway.python or "no Python 2.7"
    sdk = "" if gateway.sdk else ", no sanji SDK"
    click.echo(f"{name}: {gateway.hostname}, {gateway.boot}, {python}{sdk}, {gateway.free // 1_000_000} MB free")
    if gateway.signers:
        click.echo("only signed bundles are deployed there")
    if not gateway.bundles:
        click.echo("no bundle is deployed there")
    for state in gateway.bundles:
        click.echo("")
        current = f"{state.version}, release {state.current}" if state.current else "not deployed"
        click.echo(f"{click.style(state.name, bold=True)}  {current}")
        for copy in _copies(gateway, state.name):
            click.echo(click.style(f"  a copy of it runs by hand: {by_hand_in_words(copy)}", fg="red"))
        for line in _lines(state, signers=gateway.signers):
            click.echo(f"  {line}")
    known = [state.name for state in gateway.bundles]
    others = [one for one in gateway.neighbours if one.pid and one.name not in known and not bundle]
    if others:
        click.echo("\nnot deployed by bundlekit; `bundlekit adopt` takes one over")
    for one in others[:_MOST_BY_HAND]:
        click.echo(f"  {one.name}: {by_hand_in_words(one)}")
    if len(others) > _MOST_BY_HAND:
        click.echo(f"  and {len(others) - _MOST_BY_HAND} more; --format json has all")


def _lines(state: BundleState, *, signers: bool) -> list[str]:
    from bundlekit.deploy.history import entry_in_words, mended_in_words
    from bundlekit.deploy.outcome import reason_in_words

    newest = next(iter(state.releases), None)
    failed = []
    if newest and newest.state == "failed" and newest.id != state.current:
        why = reason_in_words(newest.reason, state.name)
        failed = [click.style(f"release {newest.id}, deployed later, failed: it {why}", fg="yellow")]
    last = [f"last change: {entry_in_words(state.last)}"] if state.last else []
    if state.held_by:
        held = f"the lock is held by {state.held_by}, which is not a change of bundlekit"
        last = [click.style(held, fg="red"), *last]
    if not state.current:
        return [*failed, *(["its settings are kept"] if state.settings else []), *last]
    lines = failed
    if state.running:
        registered = "registered" if state.running.registered else click.style("not registered yet", fg="yellow")
        again = f", started {state.running.starts} times since boot or deploy" if state.running.starts > 1 else ""
        lines.append(f"runs since {_when(state.running.since)}, {registered}{again}, process {state.running.pid}")
    elif state.crashed is not None:
        lines.append(click.style(f"crashed with status {state.crashed}; it is started again and again", fg="red"))
    elif state.at_boot:
        lines.append(click.style("does not run, though it should", fg="red"))
    else:
        lines.append("stopped")
    lines.append("starts at boot" if state.at_boot else "does not start at boot")
    if state.lock and not state.held_by:
        lock = state.lock
        origin = f" ({lock.origin})" if lock.origin else ""
        phase = f", in phase {lock.phase}" if lock.phase else ""
        what = f"{lock.what}, by {lock.who}{origin} since {_when(lock.time)}{phase}"
        lines.append(f"under way: {what}" if lock.alive else click.style(f"broken off: {what}", fg="red"))
    if state.mended:
        lines.append(click.style(mended_in_words(state.mended), fg="yellow"))
    release = state.release(state.current)
    if release and release.state == "new" and not (state.lock and state.lock.alive):
        lines.append(click.style("this release was never seen to come up", fg="yellow"))
    if release and (release.signer or signers):
        lines.append(
            f"signed by {release.signer}" if release.signer else "not signed: it is older than the list of signers"
        )
    return lines + last


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
