"""Questions and progress on the terminal, for the verbs that talk to a gateway."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import click

from bundlekit.cli.keeping import SERVICE, kept_secret
from bundlekit.errors import BadUsage, HostKeyRejected, LoginRefused

_WORTH_A_BAR = 50_000  # bytes


class TerminalAsker:
    """Asks on the terminal; without one it says what to do instead."""

    def __init__(self, *, from_stdin: bool) -> None:
        self._from_stdin = from_stdin
        self._password: str | None = None
        self._kept = False  # whether that came from the keyring
        if from_stdin:
            self._password = sys.stdin.readline().rstrip("\r\n")
            if not self._password:
                raise BadUsage("--password-stdin was given, but standard input has no password")

    @property
    def given(self) -> str | None:
        return self._password if self._from_stdin else None

    def password(self, account: str, *, again: bool = False) -> str:
        if self._password is None and (kept := kept_secret(account)):
            self._password, self._kept = kept, True
        elif self._password is None or (again and not self._from_stdin):
            self._password = self._type_password(account, again=again)
        return self._password

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        if not again and (kept := kept_secret(file)):
            return kept
        if self._from_stdin or not sys.stdin.isatty():
            return None
        if again:
            click.echo("that is not its passphrase", err=True)
        typed: str = click.prompt(f"passphrase of {file}", hide_input=True, err=True)
        return typed

    def _type_password(self, account: str, *, again: bool) -> str:
        if not sys.stdin.isatty():
            if self._kept:
                raise LoginRefused(
                    f"{account} does not accept the password that the keyring has",
                    hint=f"`keyring set {SERVICE} {account}` stores another one",
                )
            raise LoginRefused(
                f"{account} asks for a password, and there is no terminal to ask you on",
                hint="give it with --password-stdin, or use a key and a sudo that asks for nothing, or store it: "
                f"`keyring set {SERVICE} {account}`",
            )
        if again:
            click.echo(f"{account} does not accept {'what the keyring has' if self._kept else 'it'}", err=True)
        self._kept = False
        typed: str = click.prompt(f"password of {account}", hide_input=True, err=True)
        return typed

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        if self._from_stdin or not sys.stdin.isatty():
            raise HostKeyRejected(
                f"the host key of {host} is not known: {kind} {fingerprint}",
                kept="no password and no file was sent",
                hint="compare it with what the gateway's own console shows; then --accept-new-host-key remembers it",
            )
        click.echo(f"{host} is not known yet. Its {kind} key has the fingerprint\n  {fingerprint}", err=True)
        return click.confirm("Is that what the gateway itself shows, and do you trust it?", err=True)


class TerminalListener:
    """Prints a line a phase on standard error; on a terminal an upload has a bar besides."""

    _TEXTS: ClassVar = {
        "upload": "upload {}",
        "unpack": "check its digest and unpack it",
        "check": "see whether it fits the gateway's Python",
        "wait": "wait for another change to end: {}",
        "beside": "start {} beside what runs",
        "stop": "stop {}",
        "switch": "switch to {}",
        "start": "start",
        "confirm": "wait until it registers, at most {} s",
        "take-back": "take it back: {}",
        "prune": "remove old release {}",
    }

    def __init__(self) -> None:
        self._bar: Any = None

    def phase(self, word: str, text: str) -> None:
        known = self._TEXTS.get(word)
        shown = known.format(text or "nothing was there before") if known else f"{word} {text}".rstrip()
        mark = click.style("!", fg="yellow") if word == "take-back" else click.style("-", fg="cyan")
        click.echo(f"{mark} {shown}", err=True)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        said = click.style(str(status or "nothing"), fg="green" if 200 <= status < 300 else "red")
        click.echo(f"  {request} answers {said} ({milliseconds} ms)", err=True)

    def note(self, text: str) -> None:
        click.echo(click.style("note: ", fg="yellow") + text, err=True)

    def sent(self, size: int, total: int) -> None:
        if total < _WORTH_A_BAR or not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, file=sys.stderr, label="  sent")
        self._bar.update(size - self._bar.pos)
        if size >= total:
            self._bar.render_finish()
            self._bar = None
