"""A verb over many gateways: asked in threads, reported with folded names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.access import bundle_there, typed_out
from bundlekit.cli.fleet_access import Fleet, FleetAccess
from bundlekit.cli.looks import can_redraw
from bundlekit.cli.report_error import show
from bundlekit.cli.threads import in_threads
from bundlekit.errors import BundlekitError, GatewayUnreachable
from bundlekit.quoting import printable
from bundlekit.remote.listener import SilentListener

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.listener import Listener
    from bundlekit.remote.session import Session
    from bundlekit.ssh.address import Address


@dataclass(frozen=True)
class GatewayResult:
    """What a verb has done or seen on one gateway.

    Attributes:
        lines: for people; gateways with the same line share it.
        code: the exit code for this gateway.
        fields: for programs.
        notes: worth knowing.
        output: whole text, such as an answer, that is shown below the names of all gateways that have it.
    """

    lines: tuple[str, ...] = ()
    code: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    output: str = ""


class QuietListener(SilentListener):
    """Takes down the notes of a change; its phases would be too many lines."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def for_each(
    access: FleetAccess,
    act: Callable[[Fleet, Gateway], GatewayResult],
    *,
    form: str = "text",
    all_at_once: bool = False,
) -> int:
    """Do something on each gateway, many at once, and report it.

    Args:
        access: which gateways, and how to log in.
        act: what is done on one; a BundlekitError is a failure of that gateway alone.
        form: `text`: a table with folded names at the end; or `json`: an object a line as they come.
        all_at_once: whatever `--jobs` says: what is done has no end.

    Returns:
        The highest exit code of all gateways.
    """

    def tried(gateway: Gateway) -> GatewayResult | BundlekitError:
        try:
            return act(fleet, gateway)
        except BundlekitError as error:
            return error

    results: dict[str, GatewayResult | BundlekitError] = {}
    with Fleet(access) as fleet:
        try:
            jobs = len(fleet.gateways) if all_at_once else access.jobs
            for gateway, result in in_threads(jobs, fleet.gateways, tried):
                results[gateway.name] = result
                if form == "json":
                    click.echo(json.dumps(_for_programs(fleet, gateway, result)))
                else:
                    _show_progress(len(results), len(fleet.gateways))
        finally:
            if form != "json":
                _clear_progress()
                _report(fleet, results)
    return max(one.exit_code if isinstance(one, BundlekitError) else one.code for one in results.values())


def change_each(
    access: FleetAccess,
    bundle: str | None,
    change: Callable[[Session, BundleState, Listener], Outcome],
    in_words: Callable[[BundleState, Outcome], str],
    *,
    leftovers_count: bool = False,
) -> int:
    """Change a bundle on each gateway; see `for_each`.

    Args:
        access: which gateways, and how to log in.
        bundle: its name; None for the only one of each gateway.
        change: what is done.
        in_words: what to say of it, the same words wherever the same was done.
        leftovers_count: see `bundle_there`.
    """

    def act(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        listener = QuietListener()
        with fleet.session(gateway) as session:
            state = bundle_there(session, bundle, leftovers_count=leftovers_count, remember=False)
            outcome = change(session, state, listener)
        return GatewayResult((in_words(state, outcome),), notes=tuple(listener.notes))

    return for_each(access, act)


def _for_programs(fleet: Fleet, gateway: Gateway, result: GatewayResult | BundlekitError) -> dict[str, Any]:
    named = {"name": gateway.name, "target": gateway.target}
    if isinstance(result, GatewayResult):
        return {**named, **result.fields, "code": result.code}
    error = result.fields()
    if result.hint:
        error["hint"] = typed_out(result.hint, fleet.access.to(gateway))
    return {**named, "code": result.exit_code, "error": error}


def _report(fleet: Fleet, results: Mapping[str, GatewayResult | BundlekitError]) -> None:
    lines: dict[str, list[str]] = {}
    outputs: dict[str, list[str]] = {}
    notes: dict[str, list[str]] = {}
    errors: dict[tuple[str, ...], list[tuple[Gateway, BundlekitError]]] = {}
    for gateway in fleet.gateways:
        result, address = results.get(gateway.name), fleet.known_address(gateway)
        if isinstance(result, BundlekitError):
            word = "offline" if isinstance(result, GatewayUnreachable) else "failed"
            lines.setdefault(word, []).append(gateway.name)
            key = (type(result).__name__, without_names(result.message, gateway, address), result.hint or "")
            errors.setdefault(key, []).append((gateway, result))
        elif result is not None:
            for line in result.lines:
                lines.setdefault(line, []).append(gateway.name)
            if result.output:
                outputs.setdefault(result.output, []).append(gateway.name)
            for note in result.notes:
                notes.setdefault(without_names(note, gateway, address), []).append(gateway.name)
    for note, names in notes.items():
        click.echo(click.style("note: ", fg="yellow") + f"{_folded(names)}: {printable(note)}", err=True)
    for output, names in outputs.items():
        click.echo(click.style(_folded(names), bold=True))
        click.echo(output)
    failed = {word: lines.pop(word) for word in ("offline", "failed") if word in lines}
    width = max((len(printable(line)) for line in (*lines, *failed)), default=0)
    for line, names in sorted(lines.items()):
        click.echo(f"{printable(line):<{width}}  {_folded(names)}")
    for word, names in failed.items():
        click.echo(click.style(f"{word:<{width}}", fg="red") + f"  {_folded(names)}")
    for (_, message, _), members in errors.items():
        _show_errors(fleet, message, members)


def _show_errors(fleet: Fleet, message: str, members: list[tuple[Gateway, BundlekitError]]) -> None:
    """One message for all gateways that it is about, with the details and the hint of the first one."""
    gateway, error = members[0]
    said = f"{_folded(one.name for one, _ in members)}: {error.message if len(members) == 1 else message}"
    hint = typed_out(error.hint, fleet.access.to(gateway)) if error.hint else None
    show(BundlekitError(said, kept=error.kept, hint=hint, details=error.details))


def without_names(text: str, gateway: Gateway, address: Address | None) -> str:
    """A message with HOST in place of what is different on each gateway, so that equal ones are seen.

    Args:
        text: of a message.
        gateway: that it is about.
        address: where that is; None if nobody knows yet.
    """
    places = [gateway.name, gateway.target]
    if address is not None:
        host = address.host
        places += [
            address.key_name,
            f"[{host}]:{address.port}",
            f"{host} port {address.port}",
            f"{host}:{address.port}",
            host,
        ]
    for place in sorted(set(places), key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(place)}(?![\w])", "HOST", text)
    return text


def _folded(names: Iterable[str]) -> str:
    from bundlekit.fleet.folding import fold

    return printable(fold(names))


def _show_progress(count: int, total: int) -> None:
    if can_redraw():
        click.echo(f"\r{count} of {total} gateways", err=True, nl=False)


def _clear_progress() -> None:
    if can_redraw():
        click.echo("\r\x1b[K", err=True, nl=False)
