"""`bundlekit fuzz`."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.emulation import emulation
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, CouldNotRun, Taken, reason_of

if TYPE_CHECKING:
    from bundlekit.fuzz.campaign import CampaignReport, Effort
    from bundlekit.fuzz.fault import Fault

_WORDS = {
    "error": "answers with an error",
    "crash": "ends the bundle",
    "silence": "gets no answer",
    "contract": "gets an answer that the code does not give",
}


@verb(
    "fuzz",
    examples="""
    bundlekit fuzz  the bundle in this folder
    bundlekit fuzz thermostat --output tests/test_fuzz_found.py  also write a test for each fault
    bundlekit fuzz --max-examples 500 --seed 7  more requests, and others
    bundlekit fuzz --python python2.7  under the Python of real gateways
    """,
)
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--python", metavar="PATH", help="The Python for the bundle; by default that of bundlekit.")
@click.option(
    "--max-examples",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="The most requests to try for each method of a resource, besides those that make one smaller.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which requests are tried.")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Send no new request after this time.",
)
@click.option(
    "--answer-within",
    type=click.IntRange(1, 60),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="The ttl of the bundle meanwhile: a later answer counts as none.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a test for each fault to a file, for the `gateway` fixture of pytest. An earlier one is replaced.",
)
def command(
    *,
    path: Path,
    python: str | None,
    max_examples: int,
    seed: int,
    time_limit: float,
    answer_within: int,
    form: str,
    output: Path | None,
) -> int:
    """Look for requests with which the bundle in the folder PATH fails, by default this folder.

    The bundle runs in a copy, on an emulated gateway of its own: no real gateway can be named here. Requests are made
    from what `bundlekit export openapi` says of the bundle: those that it allows, and some that it does not. After each
    change, what may have changed is read.

    Found are answers of 500 and above, with file and line of the bundle; requests that end the bundle or get no answer;
    and answers that the code does not give. Each fault is shown with the smallest requests that were found for it. The
    same --seed sends the same requests, as long as the time limit does not end the search.

    Exit code: 0 nothing was found, 1 faults, 2 usage, 3 could not be done.
    """
    from bundlekit.fuzz.campaign import Effort

    effort = Effort(max_examples, seed, time_limit, answer_within)
    if not path.is_dir():
        raise BadUsage(f"{path} is no folder", hint="unpack the archive, and name its folder")
    if output is not None:
        _check(output)
    report = _run(path, effort, _python(python), quiet=form == "json")
    if form == "json":
        click.echo(json.dumps(_as_json(path, effort, report), indent=2))
    else:
        _print(path, report)
    if output is not None and report.faults:
        _write(path, report, output)
    if not report.is_complete:
        note = f"the time limit of {time_limit:g} s ended the search before all was tried"
        click.echo(click.style("note: ", fg="yellow") + note, err=True)
    if not report.operations:
        click.echo(click.style("note: ", fg="yellow") + "bundle.json declares no resource with methods", err=True)
    return int(bool(report.faults))


def _run(path: Path, effort: Effort, python: str | None, *, quiet: bool) -> CampaignReport:
    from bundlekit.shipped import install_command

    try:
        import schemathesis  # noqa: F401 - to say so before anything is started
    except ModuleNotFoundError as error:
        raise CouldNotRun(
            f"fuzz needs {error.name}, which is not installed", hint=f"run `{install_command('fuzz')}`"
        ) from error
    with emulation({}):
        from bundlekit.fuzz.campaign import Campaign

        def tell(operation: str, faults: int) -> None:
            if not quiet:
                found = f", {faults} found so far" if faults else ""
                click.echo(f"- {operation}{found}", err=True)

        return Campaign(path, effort, python, tell).run()


def _python(given: str | None) -> str | None:
    if given is not None and shutil.which(given) is None:
        raise CouldNotRun(f"there is no {given} here to run bundles under")
    return given


def _check(output: Path) -> None:
    """See before the search whether the tests can be written."""
    from bundlekit.fuzz.reproduction import FIRST_LINE

    if not output.parent.is_dir():
        raise CouldNotRun(f"cannot write {output}: there is no folder {output.parent}", hint="make the folder first")
    try:
        with output.open("rb") if output.is_file() else BytesIO() as stream:
            first = stream.readline(len(FIRST_LINE) + 1)
    except OSError as error:
        raise CouldNotRun(f"cannot read {output}: {reason_of(error)}") from error
    if first and first.rstrip(b"\r\n") != FIRST_LINE.encode():
        raise Taken(f"{output} was not written by bundlekit fuzz", hint="name another file, or remove this one first")


def _write(path: Path, report: CampaignReport, output: Path) -> None:
    from bundlekit.cli.document import put
    from bundlekit.fuzz.reproduction import reproduction

    put(reproduction(str(path), report.faults).rstrip("\n"), output)
    count = len(report.faults)
    click.echo(f"wrote {count} test{'s' if count > 1 else ''} to {output}", err=True)


def _print(path: Path, report: CampaignReport) -> None:
    from bundlekit.quoting import printable

    for fault in report.faults:
        place = f"{fault.path}:{fault.line}" if fault.line else fault.path
        status = f" {fault.status}" if fault.status is not None else ""
        click.echo(
            f"{printable(place)}: {fault.operation} {_WORDS[fault.failure.value]}{status}: {printable(fault.words)}"
        )
        for request in fault.requests:
            click.echo(f"  {printable(request.shown())}")
    count = len(report.faults)
    words = "nothing found" if not count else "1 fault" if count == 1 else f"{count} faults"
    click.echo(f"{path}: {words}, {report.requests} requests to {report.operations} methods of resources", err=True)


def _as_json(path: Path, effort: Effort, report: CampaignReport) -> dict[str, Any]:
    return {
        "version": 1,
        "bundle": str(path),
        "seed": effort.seed,
        "requests": report.requests,
        "operations": report.operations,
        "complete": report.is_complete,
        "faults": [_fault_as_json(fault) for fault in report.faults],
    }


def _fault_as_json(fault: Fault) -> dict[str, Any]:
    from bundlekit.fuzz.fault import NO_BODY

    return {
        "failure": fault.failure.value,
        "operation": fault.operation,
        "path": fault.path,
        "line": fault.line or None,
        "status": fault.status,
        "words": fault.words,
        "requests": [
            {"method": one.method, "resource": one.resource} | ({} if one.body is NO_BODY else {"body": one.body})
            for one in fault.requests
        ],
    }
