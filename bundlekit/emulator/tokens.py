"""Who may use the REST API: tokens with a scope, kept in the state folder of an emulated gateway.

A token is 256 random bits, so a plain SHA-256 of it tells a thief of the file nothing: there is no dictionary to try,
and a slow password hash would only make each request slow.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from bundlekit.emulator.files import read_kept, write_secret
from bundlekit.errors import BadUsage, CouldNotRun, Unreadable

_log = logging.getLogger(__name__)
OWN = "mx-api-token"
_FILE = "tokens.json"
_OURS = (_FILE, OWN)  # of these, a folder of ours has one, if it is not as a gateway that did not come up leaves it
_BEGUN = ("lock", f".{_FILE}.lock", "bundlekit-gateway", "password")
_FIELDS = ("id", "description", "scope", "created", "sha256")
_LONGEST = 200  # characters of a description


class TokenScope(Enum):
    """What a token is good for."""

    READ = "read"
    READ_WRITE = "read/write"

    def allows(self, method: str) -> bool:
        """Whether an HTTP method may be used."""
        return self is TokenScope.READ_WRITE or method in {"GET", "HEAD", "OPTIONS"}


Authorizer = Callable[[str], TokenScope | None]
"""Tells what a token is good for; None for one that is not known."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored.

    Attributes:
        created: UTC, ISO 8601.
        sha256: of the token, in hexadecimal.
    """

    id: str
    description: str
    scope: TokenScope
    created: str
    sha256: str


def only(token: str) -> Authorizer:
    """Lets in with one token, for reading and writing."""
    known = _digest(token)
    return lambda given: TokenScope.READ_WRITE if hmac.compare_digest(known, _digest(given)) else None


class Tokens:
    """The tokens of one emulated gateway: its own, and those that were made for somebody.

    Args:
        state: its state folder; it is made, with the gateway's own token in it, where it is missing.

    Raises:
        CouldNotRun: it cannot be written.
        Unreadable: a file there is damaged; it is left as it is.
    """

    def __init__(self, state: Path) -> None:
        self._file = state / _FILE
        self.own_file = state / OWN
        self.own = _own(self.own_file)
        self._own_scope = only(self.own)
        self._seen = _stamp(self._file)
        self._tokens = _read(self._file)

    def scope_of(self, token: str) -> TokenScope | None:
        """What a token is good for, None where it is not known; how long it takes tells nothing about which are.

        Tokens made or revoked meanwhile, by another process too, count at once.
        """
        self._refresh()
        scope = self._own_scope(token)
        given = _digest(token)
        for known in self._tokens:
            if hmac.compare_digest(known.sha256, given):
                scope = known.scope
        return scope

    def _refresh(self) -> None:
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return
        try:
            self._tokens = _read(self._file)
        except Unreadable as error:
            self._tokens = ()
            _log.warning("%s; until it is put right only the gateway's own token is good", error)
        self._seen = stamp


def tokens_in(state: Path) -> tuple[Token, ...]:
    """The tokens that were made, oldest first.

    Raises:
        Unreadable: the file is damaged.
    """
    return _read(state / _FILE)


def add_token(state: Path, scope: TokenScope, description: str) -> tuple[Token, str]:
    """Make a token.

    Args:
        state: the state folder of the gateway.
        scope: what the token allows.
        description: for people, one line.

    Returns:
        It as it is stored, and the token itself, which is not stored.

    Raises:
        BadUsage: the description cannot be shown in one line.
        CouldNotRun: the state folder cannot be written, or is a folder of something else.
        Unreadable: the file is damaged; it is left as it is.
    """
    if not description.isprintable() or len(description) > _LONGEST:
        raise BadUsage(f"a description is one line of at most {_LONGEST} characters")
    secret = secrets.token_hex(32)
    with _changing(state) as tokens:
        token = Token(
            id=_new_id(tokens),
            description=description,
            scope=scope,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            sha256=_digest(secret),
        )
        tokens.append(token)
    return token, secret


def revoke_tokens(state: Path, ids: Sequence[str]) -> tuple[Token, ...]:
    """Make tokens void; all of them or, where one is not known, none.

    Raises:
        CouldNotRun: there is no such token, or the state folder cannot be written, or is one of something else.
        Unreadable: the file is damaged; it is left as it is.
    """
    with _changing(state) as tokens:
        known = {token.id: token for token in tokens}
        if missing := [one for one in ids if one not in known]:
            raise CouldNotRun(
                f"there is no token {missing[0]}",
                kept="no token was revoked",
                hint="`bundlekit gateway token list` shows the ids",
            )
        tokens[:] = [token for token in tokens if token.id not in ids]
    return tuple(known[one] for one in dict.fromkeys(ids))


@contextmanager
def _changing(state: Path) -> Iterator[list[Token]]:
    """The tokens, to change; they are written at the end, and nobody else changes them in between."""
    _check_is_ours(state)
    with _locked(state):
        tokens = list(_read(state / _FILE))
        yield tokens
        kept = [{**asdict(token), "scope": token.scope.value} for token in tokens]
        write_secret(state / _FILE, (json.dumps({"tokens": kept}, indent=2) + "\n").encode())


def _check_is_ours(state: Path) -> None:
    try:
        # Without the drafts of whoever makes its first token at this moment.
        names = (
            {one.name for one in state.iterdir() if not one.name.startswith(".bundlekit-")} if state.is_dir() else set()
        )
    except OSError:  # `_locked` tells
        return
    if names.isdisjoint(_OURS) and not names.issubset(_BEGUN):
        raise CouldNotRun(
            f"{state} holds something else than an emulated gateway",
            kept="it was left as it is",
            hint="give the folder of a gateway with --state",
        )


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (state / f".{_FILE}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise CouldNotRun(
            f"cannot write {error.filename or state}: {error.strerror}", kept="all tokens are as they were"
        ) from error


def _own(file: Path) -> str:
    """The gateway's own token, made where there is none."""
    if not file.exists():
        with _locked(file.parent):
            if not file.exists():
                write_secret(file, f"{secrets.token_hex(32)}\n".encode())
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot read the gateway's own token in {file}: {error}") from error
    if not token:
        raise Unreadable(f"{file} is empty", hint="remove it, and the next start makes a new token")
    return token


def _read(file: Path) -> tuple[Token, ...]:
    hint = "put it right, or move it away: then all tokens but the gateway's own are void"
    return read_kept(file, lambda kept: tuple(map(_token, kept["tokens"])), absent=(), hint=hint)


def _token(entry: Any) -> Token:
    fields = [entry[name] for name in _FIELDS]
    # Printed on terminals, and compared in ASCII.
    if not all(isinstance(field, str) and field.isprintable() for field in fields) or not entry["sha256"].isascii():
        raise ValueError("not a token")
    return Token(**{**dict(zip(_FIELDS, fields, strict=True)), "scope": TokenScope(entry["scope"])})


def _stamp(file: Path) -> tuple[int, ...]:
    """Changes whenever the file is written anew."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def _new_id(tokens: Sequence[Token]) -> str:
    taken = {token.id for token in tokens}
    while (new := secrets.token_hex(4)) in taken:
        pass
    return new
