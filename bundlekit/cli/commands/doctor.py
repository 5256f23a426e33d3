"""`bundlekit doctor`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import Access, address_of, prompter_for, typed_out
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.verb import verb
from bundlekit.errors import BundlekitError
from bundlekit.library.gateway import TIMEOUT

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.deploy.doctor.checks import CheckResult
    from bundlekit.deploy.doctor.signers import MeantBundle
    from bundlekit.fleet.inventory import Gateway

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}


@verb(
    "doctor",
    examples="""
    bundlekit doctor moxa@192.168.4.127
    bundlekit doctor substation-7 --bundle thermostat --password-stdin <password.txt
    bundlekit doctor moxa@192.168.4.127 --format json | jq '.checks[] | select(.outcome == "fail")'
    bundlekit doctor -i gateways.ini substations  of a group of gateways: what is not as it should be
    """,
)
@fleet_options
@click.option(
    "-b",
    "--bundle",
    type=click.Path(exists=True, path_type=Path),
    help="The bundle that you want to deploy, a folder or an archive; by default that of this folder, if it has one.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: FleetAccess, bundle: Path | None, form: str) -> int:
    """Check everything that a deploy to a gateway needs, and say what to do about each problem.

    It checks the name, the port, the SSH server and its host key, the log-in, sudo, the API token, Python, the SDK,
    tools, disk, clock, how bundles start at boot, the controller, the deployed bundles, other bundles with the same
    resources as yours, the list of signers and your signature, and the REST API. It continues as far as possible, and
    changes nothing, not even known_hosts.

    \b
    ok    as it should be
    warn  a deploy works all the same
    fail  a deploy does not work
    skip  not checked, with the reason

    Exit code: 0 no check fails, 1 a check fails.
    """
    meant = _meant(bundle)
    return run(single(access), meant, form=form) if is_single(access) else run_each(access, meant, form=form)


def _meant(bundle: Path | None) -> MeantBundle | None:
    """The bundle that is to be deployed: which is named, or is in this folder."""
    from bundlekit.bundle.manifest import manifest_of
    from bundlekit.bundle.search import has_manifest
    from bundlekit.deploy.doctor.signers import MeantBundle
    from bundlekit.library.checking import bundle_at
    from bundlekit.pack.reading import read_archive

    if bundle is not None:
        archive = read_archive(bundle) if bundle.is_file() else None
        return MeantBundle(manifest_of(bundle_at(bundle)), archive)
    if has_manifest(Path()):
        with suppress(BundlekitError):  # nobody has asked about it
            return MeantBundle(manifest_of(bundle_at(Path())), is_named=False)
    return None


def run(access: Access, meant: MeantBundle | None, *, form: str) -> int:
    """Print a line a check, and a line a remedy; 1 if one fails."""
    from bundlekit.deploy.doctor.examination import examine

    address = address_of(access)
    prompter = prompter_for(access, address)
    checks: list[CheckResult] = []
    for found in examine(
        address,
        prompter,
        accept_new_host_key=access.accept_new_host_key,
        timeout=access.timeout or address.timeout or TIMEOUT,
        bundle=meant,
    ):
        check = replace(found, remedy=typed_out(prompter.remedy(found.found) or found.remedy, access))
        checks.append(check)
        if form == "text":
            _print(check)
    failed = sum(check.outcome == "fail" for check in checks)
    if form == "json":
        click.echo(json.dumps({**address.identity, "checks": [asdict(check) for check in checks]}, indent=2))
    elif failed:
        click.echo(f"{failed} {'thing stands' if failed == 1 else 'things stand'} in the way of a deploy", err=True)
    else:
        click.echo("nothing stands in the way of a deploy", err=True)
    return 1 if failed else 0


def run_each(access: FleetAccess, meant: MeantBundle | None, *, form: str) -> int:
    """Print what is not as it should be, with the names of the gateways where it is so."""
    from bundlekit.cli.for_each import GatewayResult, for_each, without_names
    from bundlekit.deploy.doctor.examination import examine

    def look(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        address = fleet.address(gateway)
        prompter = fleet.prompter(gateway)
        found = examine(
            address,
            prompter,
            accept_new_host_key=access.accept_new_host_key,
            timeout=fleet.timeout(address),
            bundle=meant,
        )
        checks = [replace(one, remedy=prompter.remedy(one.found) or one.remedy) for one in found]
        bad = [one for one in checks if one.outcome in ("warn", "fail")]
        is_fit = all(one.outcome != "fail" for one in checks)
        lines = [f"{one.outcome:<4}  {one.name:<10}  {without_names(one.found, gateway, address)}" for one in bad]
        verdict = "nothing stands in the way of a deploy" if is_fit else "something stands in the way of a deploy"
        fields = {**address.identity, "checks": [asdict(one) for one in checks]} if form == "json" else {}
        return GatewayResult((*lines, verdict), 0 if is_fit else 1, fields)

    return for_each(access, look, form=form)


def _print(check: CheckResult) -> None:
    click.echo(f"{click.style(f'{check.outcome:<4}', fg=_COLOURS[check.outcome])}  {check.name:<10}  {check.found}")
    for line in check.details:
        click.echo(f"{'':18}| {line}")
    if check.remedy:
        click.echo(f"{'':18}remedy: {check.remedy}")
