"""`bundlekit gateway token`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    from bundlekit.emulator.tokens import Token


def default_state() -> Path:
    """Where an emulated gateway keeps what is its own, unless it is told otherwise."""
    from platformdirs import user_state_path

    return user_state_path("bundlekit", appauthor=False) / "gateway"


state_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_state,
    show_default="the user's own",
    help="The emulated gateway's folder.",
)


@click.group("token", short_help="Make, list and revoke API tokens.")
def group() -> None:
    """Make, list and revoke the API tokens of the emulated gateway. A running gateway uses the change at once."""


@verb(
    "add",
    summary="Make a token and show it once.",
    examples="""
    bundlekit gateway token add --scope read/write --description "Postman"
    TOKEN=$(bundlekit gateway token add)
    """,
)
@click.option(
    "--scope",
    type=click.Choice(["read", "read/write"]),
    default="read",
    show_default=True,
    help="What it allows: only GET, or also POST, PUT and DELETE.",
)
@click.option("-d", "--description", default="", metavar="TEXT", help="What it is for.")
@state_option
def add(scope: str, description: str, state: Path) -> int:
    """Make an API token of the emulated gateway, and print it. Only a hash is stored, so it cannot be shown again."""
    from bundlekit.emulator.tokens import TokenScope, add_token

    token, secret = add_token(state, TokenScope(scope), description)
    click.echo(f"token {token.id}, scope {scope}; it is shown this once, as the header mx-api-token:", err=True)
    click.echo(secret)
    return 0


@verb(
    "list",
    summary="List the tokens.",
    examples="""
    bundlekit gateway token list
    bundlekit gateway token list --format json
    """,
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
@state_option
def show(form: str, state: Path) -> int:
    """List the API tokens of the emulated gateway, the oldest first: id, scope, when it was made, what it is for."""
    from bundlekit.emulator.tokens import OWN, tokens_in

    tokens = tokens_in(state)
    if form == "json":
        click.echo(json.dumps({"tokens": [_described(token) for token in tokens]}, indent=2))
        return 0
    if not tokens:
        click.echo("no token was made", err=True)
    for token in tokens:
        when = token.created[:16].replace("T", " ")
        click.echo(f"{token.id}  {token.scope.value:<10}  {when} UTC  {token.description}".rstrip())
    if (state / OWN).exists():
        click.echo(f"the gateway's own, for reading and writing, is in {state / OWN}", err=True)
    return 0


@verb("revoke", summary="Revoke tokens.", examples="bundlekit gateway token revoke 3f9c01aa")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@state_option
def revoke(ids: tuple[str, ...], state: Path) -> int:
    """Revoke API tokens of the emulated gateway, at once and for ever. `list` shows their ids."""
    from bundlekit.emulator.tokens import revoke_tokens

    for token in revoke_tokens(state, ids):
        click.echo(f"token {token.id} is void{f': {token.description}' if token.description else ''}")
    return 0


def _described(token: Token) -> dict[str, str]:
    return {
        "id": token.id,
        "scope": token.scope.value,
        "created": token.created,
        "description": token.description,
    }


for _one in (add, show, revoke):
    group.add_command(_one)
