"""`bundlekit doctor`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import TIMEOUT, Access, access_options, address_of, prompter_for, typed_out
from bundlekit.cli.verb import verb
from bundlekit.errors import BundlekitError

if TYPE_CHECKING:
    from bundlekit.deploy.doctor.checks import Check

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}


@verb(
    "doctor",
    examples="""
    bundlekit doctor moxa@192.168.4.127
    bundlekit doctor substation-7 --bundle thermostat --password-stdin <password.txt
    bundlekit doctor moxa@192.168.4.127 --format json | jq '.checks[] | select(.outcome == "fail")'
    """,
)
@access_options
@click.option(
    "-b",
    "--bundle",
    type=click.Path(exists=True, path_type=Path),
    help="A bundle that is to be deployed, its folder or archive; by default the one in this folder, if there is one.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(access: Access, bundle: Path | None, form: str) -> int:
    """Tell what stands between you and a deploy to a gateway, and what to do about each thing.

    It looks at the name, the port, the SSH server, its host key, the log-in, sudo, the API token, Python, the SDK,
    tools, disk, clock, how bundles start at boot, the controller, what is deployed, what else there answers the
    resources of your bundle, and the REST API. It goes on as far as it can, and changes nothing, known_hosts included.

    \b
    ok    as it should be
    warn  a deploy works all the same
    fail  a deploy does not work
    skip  not looked at, and why

    Exit code: 0 nothing fails, 1 something does.
    """
    return run(access, bundle, form=form)


def run(access: Access, bundle: Path | None, *, form: str) -> int:
    """Print a line a check, and a line a remedy; 1 if one fails."""
    from bundlekit.bundle.manifest import manifest_of
    from bundlekit.bundle.search import has_manifest
    from bundlekit.cli.archive import bundle_at
    from bundlekit.deploy.doctor.examination import examine

    manifest = manifest_of(bundle_at(bundle)) if bundle else None
    if bundle is None and has_manifest(Path()):
        with suppress(BundlekitError):  # nobody has asked about it
            manifest = manifest_of(bundle_at(Path()))
    address = address_of(access)
    prompter = prompter_for(access, address)
    checks: list[Check] = []
    for found in examine(
        address,
        prompter,
        accept_new_host_key=access.accept_new_host_key,
        timeout=access.timeout or address.timeout or TIMEOUT,
        bundle=manifest,
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


def _print(check: Check) -> None:
    click.echo(f"{click.style(f'{check.outcome:<4}', fg=_COLOURS[check.outcome])}  {check.name:<10}  {check.found}")
    for line in check.details:
        click.echo(f"{'':18}| {line}")
    if check.remedy:
        click.echo(f"{'':18}remedy: {check.remedy}")
