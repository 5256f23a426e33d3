"""`bundlekit api`."""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli import completing
from bundlekit.cli.gateway_access import AccessWay, way_options
from bundlekit.cli.report_error import note
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, CouldNotRun, Unreadable

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet, FleetAccess
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.gateway.client import Answer
    from bundlekit.remote.session import Session

_REFUSED = 1  # exit codes, see `EXIT_CODES`
_FAILED = 5
_NO_ANSWER = 408  # of the gateway, in place of an answer


@verb(
    "api",
    examples="""
    bundlekit api GET /system/status  the gateway that this machine emulates
    bundlekit api PUT /thermostat -d '{"key": 1}'
    bundlekit api PUT /thermostat -d @settings.json  from a file; -d - takes standard input
    bundlekit api GET /system/status moxa@192.168.4.127 --fields hostname,version  over SSH
    bundlekit api GET /thermostat --url https://192.168.4.127 | jq .key
    bundlekit api GET /thermostat -i gateways.ini substations  of a group of gateways; equal answers are shown once
    """,
)
@click.argument("method", shell_complete=completing.methods)
@click.argument("resource")
@click.option("-d", "--data", metavar="JSON|@FILE|-", help="The body: JSON, a file with JSON, or standard input.")
@click.option("-q", "--query", multiple=True, metavar="KEY=VALUE", help="Add to the query; may be repeated.")
@click.option("--fields", metavar="A,B", help="Ask for these fields only: the query `fields=A,B`.")
@click.option("--include", is_flag=True, help="Print the status and the headers too, before the body.")
@way_options
def command(
    *,
    way: AccessWay,
    method: str,
    resource: str,
    data: str | None,
    query: tuple[str, ...],
    fields: str | None,
    include: bool,
) -> int:
    """Send METHOD to RESOURCE and print the body of the answer: indented and coloured on a terminal, else unchanged.

    Without TARGET and --url, the request goes to the gateway that `bundlekit run` or `bundlekit gateway` emulates on
    this machine. TARGET is a gateway as for `bundlekit deploy`: the request goes through the SSH connection to the
    gateway's own HTTPS port, and the token is read on the gateway with sudo. With --url, bundlekit stores the
    certificate at the first connection and accepts no other later.

    Exit code: 0 for a status of 200 to 299, 1 for 300 to 499, 5 for 500 and above; 2 usage, 3 no answer.
    """

    from bundlekit.cli.gateway_access import gateway_and_session_on
    from bundlekit.gateway.contract import is_unowned
    from bundlekit.gateway.request import checked_request

    asked = _query(query) | ({"fields": [fields]} if fields is not None else {})
    checked_request(method, resource, asked)
    content = None if data is None else _content(data, way)
    if way.fleet:
        return _run_each(way, way.fleet, method, resource, content=content, query=asked)
    with gateway_and_session_on(way) as (gateway, session):
        if session and session.down:
            _refuse_dead(session, resource)
        answer = gateway.request(method, resource, content=content, query=asked)
    if include:
        _show_head(answer)
    else:
        _show_status(answer)
    _show_body(answer)
    if is_unowned(answer):
        note("no bundle is registered for this resource")
    elif answer.status == _NO_ANSWER:
        note("no answer came in time: does the bundle still run, and is its ttl long enough?")
    return exit_code(answer.status)


def _run_each(
    way: AccessWay,
    access: FleetAccess,
    method: str,
    resource: str,
    *,
    content: bytes | None,
    query: dict[str, list[str]],
) -> int:
    """Ask each gateway once, and print each answer below the names of those that gave it."""
    from bundlekit.cli.for_each import GatewayResult, for_each
    from bundlekit.cli.gateway_access import gateway_and_session_in

    def ask(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        with gateway_and_session_in(way, fleet, gateway) as (client, session):
            if session.down:
                _refuse_dead(session, resource)
            answer = client.request(method, resource, content=content, query=query)
        return GatewayResult((_phrase(answer),), exit_code(answer.status), output=_body(answer))

    return for_each(access, ask)


def _refuse_dead(session: Session, resource: str) -> None:
    """Say at once that the bundle is dead which would answer: the gateway would wait for it as long as its ttl."""
    from bundlekit.bundle.patterns import without_prefix
    from bundlekit.remote.neighbours import shared

    gateway = session.probe()
    found = shared("", [without_prefix(resource.partition("?")[0])], gateway.neighbours)
    if not found or not all(one.neighbour.name in session.down and not one.neighbour.pid for one in found):
        return
    name = found[0].neighbour.name
    state = gateway.bundle(name)
    crashed = state.crashed
    how = "nothing has started it" if state.at_boot else "it is stopped"
    if crashed is not None:
        how = f"it ends with status {crashed}, again and again"
    raise CouldNotRun(
        f"{name} would answer {resource}, and does not run on {session.name}: {how}",
        hint=f"`bundlekit start TARGET --bundle {name}`"
        if crashed is None
        else f"`bundlekit logs TARGET --bundle {name}` shows why",
    )


def exit_code(status: int) -> int:
    """The exit code for a status of HTTP."""
    if 200 <= status < 300:
        return 0
    return _REFUSED if status < 500 else _FAILED


def _query(pairs: tuple[str, ...]) -> dict[str, list[str]]:
    asked: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise BadUsage(f"{pair!r} is not KEY=VALUE")
        asked.setdefault(key, []).append(value)
    return asked


def _content(data: str, way: AccessWay) -> bytes:
    from bundlekit.gateway.request import checked_json

    if data == "-":
        if way.takes_stdin:
            raise BadUsage("standard input cannot be both the data and a password or token", hint="use -d @FILE")
        return checked_json(sys.stdin.buffer.read() if sys.stdin is not None else b"")
    if not data.startswith("@"):
        return checked_json(data.encode(errors="surrogateescape"))
    try:
        return checked_json(Path(data[1:]).read_bytes())
    except OSError as error:
        raise Unreadable(f"cannot read {data[1:]}: {error.strerror}") from error


def _phrase(answer: Answer) -> str:
    phrase = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    return f"{answer.status} {phrase}".strip()


def _coloured_phrase(answer: Answer) -> str:
    return click.style(_phrase(answer), fg="green" if answer.ok else "red", bold=True)


def _show_status(answer: Answer) -> None:
    if sys.stderr.isatty() or not answer.ok:
        click.echo(f"{_coloured_phrase(answer)}  {answer.seconds * 1000:.0f} ms", err=True)


def _show_head(answer: Answer) -> None:
    from bundlekit.quoting import printable

    click.echo(f"HTTP {_coloured_phrase(answer)}")
    for name, value in answer.headers.items():
        click.echo(printable(f"{name}: {value}"))
    click.echo()


def _body(answer: Answer) -> str:
    from bundlekit.cli.report_json import pretty
    from bundlekit.quoting import for_terminal

    try:
        return pretty(answer.json) if answer.body else ""
    except CouldNotRun:
        return for_terminal(answer.body.decode("utf-8", "replace"))


def _show_body(answer: Answer) -> None:
    from bundlekit.cli.report_json import coloured, pretty
    from bundlekit.quoting import printable

    if not answer.body:
        return
    if not sys.stdout.isatty():
        click.echo(answer.body.removesuffix(b"\n"))
        return
    try:
        click.echo(coloured(pretty(answer.json)))
    except CouldNotRun:
        for line in answer.body.decode("utf-8", "replace").splitlines():
            click.echo(printable(line.expandtabs()))
        click.echo(click.style("note: ", fg="yellow") + "the answer is not JSON", err=True)
