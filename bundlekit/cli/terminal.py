"""Questions and progress on the terminal, for the verbs that talk to a gateway."""

from __future__ import annotations

import shlex
import sys
from typing import ClassVar

import click

from bundlekit.cli.bar import Bar
from bundlekit.cli.keyring_store import kept_secret, name_of_key
from bundlekit.errors import BadUsage, HostKeyRejected, LoginRefused

_WORTH_A_BAR = 50_000  # bytes
_LONGEST_SECRET = 4096  # characters


def can_ask() -> bool:
    """Whether there is a terminal to ask somebody on. Standard input may be closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def secret_from_stdin(what: str) -> str:
    """The first line of standard input.

    Args:
        what: it has, for messages.

    Raises:
        BadUsage: it is empty, or no text; it is not shown.
    """
    try:
        line = sys.stdin.readline(_LONGEST_SECRET) if sys.stdin is not None else ""
    except (OSError, UnicodeDecodeError):
        line = "\udcff"
    secret = line.rstrip("\r\n")
    if not secret:
        raise BadUsage(f"standard input has no {what}")
    if len(line) == _LONGEST_SECRET or not is_text(secret):
        raise BadUsage(
            f"the {what} on standard input is not a line of text in UTF-8 of less than {_LONGEST_SECRET} characters"
        )
    return secret


def type_secret(what: str) -> str:
    """A secret that somebody types.

    Raises:
        BadUsage: it is no text.
    """
    secret: str = click.prompt(what, hide_input=True, err=True)
    if not is_text(secret):
        raise BadUsage(
            f"that {what.split(maxsplit=1)[0]} is not text in UTF-8", hint="is the terminal set to another encoding?"
        )
    return secret


def is_text(secret: str) -> bool:
    """Whether a secret is one line that can be sent."""
    return not any(character in "\0\r\n" or "\ud800" <= character <= "\udfff" for character in secret)


class TerminalPrompter:
    """Asks on the terminal; without one it says what to do instead."""

    def __init__(self, *, from_stdin: bool, kept_as: str, known: str | None = None, batch: bool = False) -> None:
        """Read the password from standard input, if it is there.

        Args:
            from_stdin: whether it is.
            known: the password, where nobody has to be asked for it.
            kept_as: what the keyring has it under.
            batch: whether nobody may be asked anything, terminal or not.

        Raises:
            BadUsage: standard input has none.
        """
        self._is_given = from_stdin or known is not None
        self._kept_as = kept_as
        self._asks = not batch and not from_stdin and can_ask()
        self._why_not = "the ssh configuration says BatchMode" if batch else "there is no terminal for the question"
        self._password = known
        self._kept = False  # whether that came from the keyring
        if from_stdin:
            self._password = secret_from_stdin("password")

    @property
    def given(self) -> str | None:
        return self._password if self._is_given else None

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        if self._password is None and (kept := self._kept_secret(self._kept_as)):
            self._password, self._kept = kept, True
        elif self._password is None or (again and not self._is_given):
            self._password = self._type_password(account, again=again, for_sudo=for_sudo)
        return self._password

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        if not again and (kept := self._kept_secret(name_of_key(file), f"--key {shlex.quote(file)}")):
            return kept
        if not self._asks:
            return None
        if again:
            click.echo("that is not its passphrase", err=True)
        return type_secret(f"passphrase of {file}")

    def remedy(self, refusal: str) -> str | None:
        """What to do about a refusal, if it is of a password that the keyring has; else None."""
        if not self._kept or "does not accept the password" not in refusal:
            return None
        return (
            "the keyring has that password: `bundlekit login TARGET` stores another, "
            "`bundlekit login TARGET --forget` deletes it"
        )

    def _kept_secret(self, name: str, words: str = "TARGET") -> str | None:
        kept = kept_secret(name)
        if kept and not is_text(kept):
            raise LoginRefused(
                f"what the keyring has for {name} is not a line of text",
                hint=f"`bundlekit login {words}` stores it again",
            )
        return kept

    def _type_password(self, account: str, *, again: bool, for_sudo: bool) -> str:
        if not self._asks:
            if self._kept:
                refusal = f"{account} does not accept the password that the keyring has"
                raise LoginRefused(refusal, hint=self.remedy(refusal))
            raise LoginRefused(
                f"{'sudo on the gateway' if for_sudo else account} asks for a password, and {self._why_not}",
                hint="give it with --password-stdin, or use a key and a sudo without a password, or store it: "
                "`bundlekit login TARGET`",
            )
        if again:
            click.echo(f"{account} does not accept {'what the keyring has' if self._kept else 'it'}", err=True)
        self._kept = False
        return type_secret(f"password of {account}" + ", for sudo" * for_sudo)

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        if not self._asks:
            raise HostKeyRejected(
                f"the host key of {host} is not known: {kind} {fingerprint}",
                kept="no password and no file was sent",
                hint="compare it with the key on the gateway's own console; then --accept-new-host-key stores it",
            )
        click.echo(f"{host} is not known yet. Its {kind} key has the fingerprint\n  {fingerprint}", err=True)
        return click.confirm("Is that what the gateway itself shows, and do you trust it?", err=True)


class TerminalListener:
    """Prints a line a phase on standard error; on a terminal an upload has a bar besides."""

    _TEXTS: ClassVar = {
        "fetch": "fetch {}",
        "upload": "upload {}",
        "lock": "the gateway has the command; from here on the link may break",
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
        self._sent = Bar("  sent", _WORTH_A_BAR)
        self._is_beside = False

    def close(self) -> None:
        """End the bar of an upload that did not come to its end."""
        self._sent.close()

    def phase(self, word: str, text: str) -> None:
        self.close()
        known = self._TEXTS.get(word)
        if word == "start" and self._is_beside:
            known = "let it take over"  # it runs already
        self._is_beside = word == "beside" or (self._is_beside and word != "take-back")
        if word == "take-back":
            text = text or "nothing was there before"
        shown = known.format(text).rstrip() if known else f"{word} {text}".rstrip()
        mark = click.style("!", fg="yellow") if word == "take-back" else click.style("-", fg="cyan")
        click.echo(f"{mark} {shown}", err=True)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        said = click.style(str(status or "nothing"), fg="green" if 200 <= status < 300 else "red")
        click.echo(f"  {request} answers {said} ({milliseconds} ms)", err=True)

    def note(self, text: str) -> None:
        self.close()
        click.echo(click.style("note: ", fg="yellow") + text, err=True)

    def sent(self, size: int, total: int) -> None:
        self._sent(size, total)
