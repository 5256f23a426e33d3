"""Passwords and passphrases for many gateways: each is asked for once, whichever thread needs it first."""

from __future__ import annotations

import contextlib
import shlex
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.keyring_store import kept_secret, name_of_key
from bundlekit.cli.terminal import can_ask, is_text, secret_from_stdin, type_secret
from bundlekit.errors import HostKeyRejected, LoginRefused

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway

_TRIES = 3  # as ssh has it


@dataclass(frozen=True)
class SharedPassword:
    """A password that gateways share.

    Attributes:
        key: what it is known by in this process.
        question: on the terminal.
        kept_as: what the keyring has it under; empty if only the gateways have entries.
        named: how `bundlekit login` is told of it.
    """

    key: str
    question: str
    kept_as: str = ""
    named: str = ""


def shared_by(gateway: Gateway, user: str, inventory: Path | None) -> SharedPassword:
    """Whose password a gateway has: that of a user, unless the inventory says of its group or of itself.

    Args:
        gateway: of the inventory.
        user: to log in as.
        inventory: of `--inventory`, for hints.
    """
    if gateway.password_kept_as:
        group = gateway.password_of
        named = shlex.join([*(["-i", str(inventory)] if inventory else []), group])
        question = f"password of the group {group}, for its gateways that ask for it"
        return SharedPassword(gateway.password_kept_as, question, gateway.password_kept_as, named)
    if gateway.password_of:
        return SharedPassword(f"of {gateway.name}", f"password of {user} on {gateway.name}")
    return SharedPassword(f"user {user}", f"password of {user}, for all gateways that ask for it")


class SharedSecrets:
    """What the user is asked for. Threads may share it."""

    def __init__(self, *, from_stdin: bool) -> None:
        """Read the password from standard input, if it is there.

        Raises:
            BadUsage: standard input has none.
        """
        self.from_stdin = secret_from_stdin("password") if from_stdin else None
        self.asks = not from_stdin and can_ask()
        self._lock = threading.Lock()
        self._passwords: dict[str, str] = {}
        self._accepted: set[str] = set()
        self._passphrases: dict[str, str | None] = {}
        self._tries: Counter[str] = Counter()
        self._show_again = _typing_shown_again() if self.asks else lambda: None
        self._is_asking = False

    def close(self) -> None:
        """Have the terminal show what is typed again, if a thread still waits for a secret."""
        if self._is_asking:
            self._show_again()

    def password(self, whose: SharedPassword, refused: str | None) -> str | None:
        """The password of a user, for all gateways on which somebody is called so; or of a group, or of a gateway.

        Args:
            whose: it is.
            refused: the one that a gateway does not accept; None before the first try.

        Returns:
            None if nobody can or should be asked (again): another gateway has accepted the one that is refused here.
        """
        with self._lock:
            known = self._passwords.get(whose.key)
            if known is not None and known != refused:
                return known
            if not self.asks or whose.key in self._accepted or self._tries[whose.key] == _TRIES:
                return None
            self._tries[whose.key] += 1
            if known is not None:
                click.echo("that is not the password", err=True)
            with self._asking():
                self._passwords[whose.key] = type_secret(whose.question)
            return self._passwords[whose.key]

    def accept(self, whose: SharedPassword, password: str) -> None:
        """A gateway has accepted a password: that is no typing error, whatever other gateways say."""
        with self._lock:
            if self._passwords.get(whose.key) == password:
                self._accepted.add(whose.key)

    def passphrase(self, file: str, refused: str | None) -> str | None:
        """The passphrase of a private key; None if nobody knows it."""
        with self._lock:
            if file not in self._passphrases:
                self._passphrases[file] = _kept(name_of_key(file))
            known = self._passphrases[file]
            if known is not None and known != refused:
                return known
            if not self.asks or self._tries[file] == _TRIES:
                return None
            self._tries[file] += 1
            if refused is not None:
                click.echo("that is not its passphrase", err=True)
            with self._asking():
                self._passphrases[file] = type_secret(f"passphrase of {file}")
            return self._passphrases[file]

    def kept_password(self, name: str) -> str | None:
        """What the keyring has for a gateway; keyrings are not made for threads."""
        with self._lock:
            return _kept(name)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        self._is_asking = True
        yield
        self._is_asking = False


class FleetPrompter:
    """Answers what the log-in to one of many gateways asks."""

    def __init__(
        self,
        secrets: SharedSecrets,
        *,
        shared: SharedPassword,
        kept_as: str,
        known: str | None,
        agreed_key: str | None,
        batch: bool,
    ) -> None:
        """Args:
        secrets: of all.
        shared: the password that it shares with others.
        kept_as: what the keyring has the password of this gateway alone under.
        known: the password of this gateway alone.
        agreed_key: the fingerprint of the host key that the user trusts; None where nobody was asked.
        batch: whether nobody may be asked for this gateway.
        """
        self._secrets = secrets
        self._shared = shared
        self._kept_as = kept_as
        self._known = secrets.from_stdin or known
        self._agreed_key = agreed_key
        self._batch = batch
        self._kept = ""  # what the user names to replace the password that the keyring has
        self._used: str | None = None
        self._passphrases: dict[str, str | None] = {}

    @property
    def given(self) -> str | None:
        return self._known

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        if self._known is not None:
            return self._known
        if not again and (kept := self._kept_one()):
            self._used = kept
            return kept
        found = None if self._batch else self._secrets.password(self._shared, self._used if again else None)
        if found is None:
            if again:
                raise LoginRefused(
                    f"{account} does not accept the password",
                    hint=self.remedy("does not accept the password") or "store its own: `bundlekit login TARGET`",
                )
            raise LoginRefused(
                f"{'sudo on the gateway' if for_sudo else account} asks for a password, and there is no terminal for "
                "the question",
                hint="give it with --password-stdin, or use a key and a sudo without a password, or store it: "
                f"`bundlekit login {self._shared.named or 'TARGET'}`",
            )
        self._used = found
        return found

    def _kept_one(self) -> str | None:
        """What the keyring has for this gateway, else for its group."""
        for name, words in ((self._kept_as, "TARGET"), (self._shared.kept_as, self._shared.named)):
            if name and (kept := self._secrets.kept_password(name)):
                self._kept = words
                return kept
        return None

    def accept(self, password: str) -> None:
        """The gateway has accepted a password."""
        self._secrets.accept(self._shared, password)

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        if self._batch:
            return None
        found = self._secrets.passphrase(file, self._passphrases.get(file) if again else None)
        self._passphrases[file] = found
        return found

    def remedy(self, refusal: str) -> str | None:
        """What to do about a refusal, if it is of a password that the keyring has; else None."""
        if not self._kept or "does not accept the password" not in refusal:
            return None
        return (
            f"the keyring has that password: `bundlekit login {self._kept}` stores another, "
            f"`bundlekit login {self._kept} --forget` deletes it"
        )

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        if self._agreed_key == fingerprint:
            return True
        raise HostKeyRejected(
            f"the host key of {host} is not known",
            kept="no password and no file was sent",
            hint="compare it with the key on the gateway's own console; then --accept-new-host-key stores it",
            details=(f"{kind} {fingerprint}",),
        )


def _kept(name: str) -> str | None:
    kept = kept_secret(name)
    return kept if kept and is_text(kept) else None


def _typing_shown_again() -> Callable[[], None]:
    """Has the terminal show what is typed as it does now; nothing on Windows, where a prompt changes no terminal."""
    try:
        import termios
    except ImportError:
        return lambda: None
    before = termios.tcgetattr(sys.stdin)

    def show() -> None:
        with contextlib.suppress(termios.error, ValueError):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    return show
