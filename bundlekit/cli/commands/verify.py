"""`bundlekit verify`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.document import put
from bundlekit.cli.gateway_access import AccessWay, gateway_and_session_on, way_options
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.bundle.manifest import Manifest
    from bundlekit.cli.fleet_access import Fleet, FleetAccess
    from bundlekit.deploy.observation import Seen
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.gateway.contract import ContractCheck, ContractResult

_COLOURS = {"kept": "green", "broken": "red", "not checked": "yellow"}
_PROMISES = {"runs": "runs", "answers": "answers", "refuses": "is refused", "keeps": "is kept"}


@verb(
    "verify",
    examples="""
    bundlekit verify  the bundle in this folder, on the gateway that this machine emulates
    bundlekit verify moxa@192.168.4.127 --bundle thermostat-0.2.0.tar.gz  on a real gateway, over SSH
    bundlekit verify --param id=1 --write  fill in :id; write back what was read
    bundlekit verify --junit report.xml  also write a report for a CI server
    bundlekit verify -i gateways.ini substations -b thermostat  on a group of gateways
    """,
)
@click.option(
    "-b",
    "--bundle",
    "path",
    type=click.Path(exists=True, path_type=Path),
    default=".",
    metavar="FOLDER|ARCHIVE",
    help="The bundle with the bundle.json; by default that of this folder.",
)
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="The value of a :NAME.")
@click.option("--write", is_flag=True, help="Also PUT what GET returns, and check that it stays the same.")
@click.option("--strict", is_flag=True, help="Also fail if something could not be checked, or if the version differs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML to a file too."
)
@way_options
def command(
    *, way: AccessWay, path: Path, parameters: tuple[str, ...], write: bool, strict: bool, form: str, junit: Path | None
) -> int:
    """Check on a gateway what a bundle's bundle.json promises.

    Every declared GET must answer 200 to 299 with JSON within ttl, and every method that a resource does not declare
    must be refused. Requests that may change something are sent only with --write. Then methods that index.py may
    handle but that are not declared are sent too; and for a resource with GET and PUT, a PUT of what GET returned must
    return the same and change nothing.

    Over SSH the bundle itself must run on the gateway, and the answers must come from it: bundlekit sees this on the
    gateway's broker. It reports if the running version differs from the version here. TARGET and --url are as in
    `bundlekit api`; without them, it checks the gateway that this machine emulates.

    Exit code: 0 all checked promises are kept, 1 a promise is broken, or with --strict not checked, 2 usage, 3 the
    gateway could not be asked.
    """

    from bundlekit.deploy.contract_check import judge, look_at, notes_on, plan_checks
    from bundlekit.library.checking import bundle_at
    from bundlekit.library.reports import contract_report
    from bundlekit.quoting import printable

    manifest, checks = plan_checks(bundle_at(path), _filled_in(parameters), write=write)
    if way.fleet:
        if junit:
            raise BadUsage("--junit is for one gateway, and several are named", hint="--format json has them all")
        return _run_each(way, way.fleet, manifest, checks, strict=strict, form=form)
    results: list[ContractResult] = []
    with gateway_and_session_on(way) as (gateway, session):
        seen = look_at(session, manifest, checks) if session else None
        names = [manifest.name] * (seen is not None) + [check.resource for check in checks]
        width = max((len(printable(name)) for name in names), default=0)
        for result in judge(manifest, checks, gateway, seen):
            results.append(result)
            if form == "text":
                click.echo(_row(result, width))
    if form == "json":
        report = contract_report(manifest, gateway.name, results) | (session.identity if session else {})
        runs = seen and {"release": seen.release or None, "version": seen.version}
        click.echo(json.dumps({**report, "gateway": gateway.name, "runs": runs}, indent=2))
    if junit:
        from bundlekit.gateway.junit import junit as junit_of

        put(junit_of(manifest.name, gateway.name, results), junit)
    for note in notes_on(manifest, results, seen):
        click.echo(click.style("note: ", fg="yellow") + printable(note), err=True)
    click.echo(_summary(manifest, gateway.name, results), err=True)
    return _code(manifest, results, seen, strict=strict)


def _code(manifest: Manifest, results: Sequence[ContractResult], seen: Seen | None, *, strict: bool) -> int:
    from bundlekit.gateway.contract import Verdict

    failing = {Verdict.BROKEN, Verdict.UNCHECKED} if strict else {Verdict.BROKEN}
    is_other = bool(seen and seen.version is not None and seen.version != manifest.version)
    return int(any(result.verdict in failing for result in results) or (strict and is_other))


def _run_each(
    way: AccessWay,
    access: FleetAccess,
    manifest: Manifest,
    checks: Sequence[ContractCheck],
    *,
    strict: bool,
    form: str,
) -> int:
    """Check the contract on each gateway; print what is not kept, with the names of those where it is so."""
    from bundlekit.cli import for_each as each
    from bundlekit.cli.gateway_access import gateway_and_session_in
    from bundlekit.deploy.contract_check import judge, look_at, notes_on
    from bundlekit.gateway.contract import Verdict
    from bundlekit.library.reports import contract_report

    def check(fleet: Fleet, gateway: Gateway) -> each.GatewayResult:
        with gateway_and_session_in(way, fleet, gateway) as (client, session):
            seen = look_at(session, manifest, checks)
            results = list(judge(manifest, checks, client, seen))
        lines = [_in_a_line(result) for result in results if result.verdict is not Verdict.KEPT]
        runs = {"release": seen.release or None, "version": seen.version}
        fields = (
            {**contract_report(manifest, gateway.name, results), **session.identity, "runs": runs}
            if form == "json"
            else {}
        )
        code = _code(manifest, results, seen, strict=strict)
        verdict = f"bundle.json of {manifest.name} {manifest.version} is {'broken' if code else 'kept'}"
        return each.GatewayResult((*lines, verdict), code, fields, tuple(notes_on(manifest, results, seen)))

    return each.for_each(access, check, form=form)


def _in_a_line(result: ContractResult) -> str:
    check = result.check
    words = f"{result.verdict.value}: {check.method} {check.resource} {_PROMISES[check.promise.value]}"
    return f"{words} {result.words}".strip()


def _filled_in(pairs: tuple[str, ...]) -> dict[str, str]:
    parameters = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not name or not value:
            raise BadUsage(f"{pair!r} is not NAME=VALUE", hint="such as --param id=1")
        parameters[name.removeprefix(":")] = value
    return parameters


def _row(result: ContractResult, width: int) -> str:
    """A line of the table: verdict, method, resource, what is promised, status, time, and what is wrong."""
    from bundlekit.quoting import printable

    check, verdict = result.check, result.verdict.value
    status = "" if result.status is None else str(result.status)
    time = "" if result.status is None else f"{result.seconds * 1000:.0f} ms"
    resource, promise = printable(check.resource), _PROMISES[check.promise.value]
    words = f"  {printable(result.words)}" if result.words else ""
    mark = click.style(f"{verdict:<11}", fg=_COLOURS[verdict])
    return f"{mark}  {check.method:<6}  {resource:<{width}}  {promise:<10}  {status:>3}  {time:>8}{words}".rstrip()


def _summary(manifest: Manifest, gateway: str, results: Sequence[ContractResult]) -> str:
    from bundlekit.gateway.contract import Verdict, count

    counts = count(results)
    parts = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict] or verdict is Verdict.KEPT]
    seconds = sum(result.seconds for result in results)
    what = f"bundle.json of {manifest.name} {manifest.version}"
    return f"{what}, on {gateway}: {', '.join(parts)}, {seconds:.2f} s"
