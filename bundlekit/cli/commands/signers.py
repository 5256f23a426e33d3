"""`bundlekit signers`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.fleet_access import FleetAccess, fleet_options
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.cli.for_each import GatewayResult
    from bundlekit.fleet.inventory import Gateway

_ALL = "--all"
_ACTIONS = ("list", "add", "remove")


@verb(
    "signers",
    examples="""
    bundlekit signers moxa@192.168.4.127 list
    bundlekit signers moxa@192.168.4.127 add allowed_signers  the lines of a file; from now on, signatures are required
    bundlekit signers moxa@192.168.4.127 add id_ed25519.pub --name alice@example.com
    bundlekit signers -i gateways.ini substations remove alice@example.com
    bundlekit signers moxa@192.168.4.127 remove --all  from now on, no signature is required
    """,
)
@partial(fleet_options, one=True)
@click.argument("action", metavar="{list|add|remove}", required=False)
@click.argument("words", metavar="[FILE|NAME]...", nargs=-1)
@click.option("--name", metavar="NAME", help="With `add`: the files are public keys, and they are the keys of NAME.")
@click.option("--all", "all_of_them", is_flag=True, help="With `remove`: remove the list, also a damaged one.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def command(
    access: FleetAccess, *, action: str | None, words: tuple[str, ...], name: str | None, all_of_them: bool, form: str
) -> int:
    """List or change who may sign the bundles of a gateway, or of many.

    Where a gateway has a list of signers, it refuses each bundle that none of them has signed, before anything is
    stopped. `add` takes files in the form of OpenSSH's allowed_signers. A key that is in the list already gets the new
    line. `remove` takes names as `list` shows them. The last signer is removed only by --all: then the gateway takes
    bundles without a signature again.

    `bundlekit history` shows who has changed the list. Root of the gateway can change it, and go around it.
    """
    if action not in _ACTIONS:
        said = [*access.targets, *([action] if action is not None else []), *words]
        if said and said[0] in _ACTIONS:
            raise BadUsage("the gateway comes first", hint=f"such as `bundlekit signers TARGET {' '.join(said)}`")
        what = f"{action} is none of" if action is not None else "say one of"
        raise BadUsage(f"{what} list, add and remove", hint="`bundlekit signers --help` shows examples")
    return run(access, action, _arguments(action, words, name, all_of_them=all_of_them), form=form)


def _arguments(action: str, words: tuple[str, ...], name: str | None, *, all_of_them: bool) -> list[str]:
    """What the gateway's script is told."""
    if (name is not None and action != "add") or (all_of_them and action != "remove"):
        raise BadUsage("--name is for `add` alone, and --all for `remove`")
    if action == "list":
        if words:
            raise BadUsage("`list` takes nothing more")
        return []
    if not words and not all_of_them:
        raise BadUsage(f"`{action}` needs {'a FILE with signers' if action == 'add' else 'a NAME, or --all'}")
    if action == "remove":
        if words and all_of_them:
            raise BadUsage("`remove` takes either names or --all")
        return list(words) or [_ALL]
    return [line for word in words for line in _lines_in(Path(word), name)]


def _lines_in(file: Path, name: str | None) -> list[str]:
    from bundlekit.library.signatures import read_keys
    from bundlekit.pack.sshsig import Wrong, is_comment, read_signers

    text = read_keys(file)
    if b"PRIVATE KEY-----" in text:
        raise BadUsage(
            f"{file} is a private key", kept="it was not sent", hint="signers are named by public keys: FILE.pub"
        )
    lines = text.splitlines()  # also with line ends of Windows
    if name is not None:
        lines = [line if is_comment(line) else f"{name} ".encode() + line for line in lines]
    try:
        signers = read_signers(b"".join(line + b"\n" for line in lines), False)
    except Wrong as wrong:
        hint = None if name is not None else "for a public key, give the name of its owner: --name NAME"
        raise BadUsage(f"{file}, {wrong}", hint=hint) from None
    if not signers:
        raise BadUsage(f"{file} has no signers")
    return [signer.line.decode() for signer in signers]


def run(access: FleetAccess, action: str, arguments: list[str], *, form: str) -> int:
    """List or change the signers of each gateway."""
    from bundlekit.cli.for_each import GatewayResult, for_each
    from bundlekit.deploy.verbs import this_person

    if action != "list":
        arguments = [this_person(), *arguments]

    def act(fleet: Fleet, gateway: Gateway) -> GatewayResult:
        with fleet.session(gateway) as session:
            events = session.ask("signers", action, *arguments)
            fields = session.identity
        wanted = any(event.word == "signers" for event in events)
        if action != "list":
            said = "signatures are required" if wanted else "no signature is required"
            return GatewayResult((f"done; {said}",), fields={**fields, "required": wanted})
        listed = [event for event in events if event.word == "signer"]
        lines = tuple(" ".join(filter(None, event.fields)) for event in listed)
        signers = [dict(zip(("name", "kind", "key", "options"), event.fields, strict=False)) for event in listed]
        return GatewayResult(
            lines or ("no signature is required",), fields={**fields, "required": wanted, "signers": signers}
        )

    return for_each(access, act, form=form)
