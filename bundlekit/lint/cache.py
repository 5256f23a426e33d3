"""What was found in bundles before, so that one that has not changed is not checked again.

A file of the user's cache has the findings of one bundle, under a digest of what is known before any file of it is
read: this program, which rules are asked, and names, kinds and sizes of all that lies in the bundle's folder. With the
findings stands what the check asked while it ran, such as which files it read, and what it was told. They count as long
as the folder gives the same answers, for a check depends on nothing else, whatever rules there are.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.bundle.ownership import why_foreign
from bundlekit.errors import Unreadable
from bundlekit.io import CLOEXEC, NOFOLLOW, NONBLOCK, replacing, user_id
from bundlekit.lint.access_recorder import Asked, Watched, digest, says_the_same
from bundlekit.lint.finding import Correction, Edit, Finding, Other, Rename, Severity
from bundlekit.lint.formats.report import shown_correction
from bundlekit.lint.tool_fingerprint import fingerprint

if TYPE_CHECKING:
    from bundlekit.lint.selection import Selection

MOST_FILES = 1000
"""In each of the sixteen folders by which files are told apart; of more, those that were not used for long go."""

MOST_BYTES = 4 * 1024 * 1024
"""Likewise."""

_LARGEST = 256 * 1024  # bytes of the findings of one bundle; of more it is checked anew
_OFTEN = 3600  # seconds; a file that is used is not marked as used at each turn
_LEFT = 0.75  # of the limits, so that not every check has to tidy up


def cache_folder() -> Path | None:
    """Where findings are kept: in the user's folder for what can be made again, if there is one."""
    if sys.platform == "linux":  # what platformdirs says, which takes long to load
        named = os.environ.get("XDG_CACHE_HOME", "")
        try:
            top = Path(named) if named.strip() else Path("~/.cache").expanduser()
        except RuntimeError:  # nobody knows where the user's home is
            return None
        return top / "bundlekit" / "findings" if top.is_absolute() else None
    from platformdirs import user_cache_path

    return user_cache_path("bundlekit", appauthor=False) / "findings"


class Cache:
    """Findings that are kept in a folder. What goes wrong with that is no error: then bundles are checked."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where they are; it is made when there is something to keep."""
        self._folder = folder
        self._is_usable: bool | None = None  # None: nobody has looked yet
        self._rules: tuple[Mapping[str, Severity], str] | None = None
        self._fingerprint = ""

    def find(self, bundle: Bundle, chosen: Selection) -> tuple[Finding, ...] | None:
        """What was found in a bundle that has not changed since; None if that is not known."""
        key = self._key(bundle, chosen)
        if key is None or not isinstance(bundle.files, FolderFiles):
            return None
        body = _read(self._folder, key)
        if body is None:
            return None
        try:
            kept = json.loads(body)
            if says_the_same(bundle.files, kept["asked"]):
                return tuple(map(_finding, kept["findings"]))
        except (ValueError, TypeError, LookupError, RecursionError):
            pass
        return None

    def check(self, bundle: Bundle, chosen: Selection) -> tuple[Finding, ...]:
        """Check a bundle, and keep what is found if that can be kept."""
        from bundlekit.lint.engine import check

        key = self._key(bundle, chosen)
        if key is None or not isinstance(bundle.files, FolderFiles):
            return check(bundle, chosen)
        files = Watched(bundle.files)
        findings = check(Bundle(bundle.label, files), chosen)
        body = _body(files.asked, findings)
        if body is not None:
            with suppress(OSError):
                self._write(key, body)
        return findings

    def _key(self, bundle: Bundle, chosen: Selection) -> str | None:
        """None if nothing is kept of such a bundle: of files that lie in no folder, or cannot be listed."""
        if type(bundle.files) is not FolderFiles or bundle.in_archive or not chosen.caches or not self._can_be_used():
            return None
        try:
            listed = [
                (one.path, one.kind.value, one.size, one.executable, one.target)
                for one in bundle.files.entries.values()
            ]
        except Unreadable:
            return None
        if self._rules is None or self._rules[0] is not chosen.severities:
            self._rules = chosen.severities, json.dumps(sorted(chosen.severities.items()))
        ignores = [
            (
                str(one.under),
                sorted(one.codes),
                [(each.include, each.regex and each.regex.pattern) for each in one.patterns.patterns],
            )
            for one in chosen.path_ignores
        ]
        known = [self._fingerprint, self._rules[1], chosen.api, ignores, bundle.label, str(bundle.files.root), listed]
        return digest(json.dumps(known).encode())

    def _can_be_used(self) -> bool:
        if self._is_usable is None:
            self._is_usable = False
            with suppress(OSError):
                self._fingerprint = fingerprint()
                self._is_usable = self._is_ours()
        return self._is_usable

    def _is_ours(self) -> bool:
        """Whether the folder is the user's own, or there is none yet: no other one is believed or written to."""
        try:
            if why_foreign(self._folder):
                return False
            status = self._folder.stat()
        except FileNotFoundError:
            return True
        except (OSError, ValueError):
            return False
        return stat.S_ISDIR(status.st_mode) and status.st_uid == user_id()

    def _write(self, key: str, body: bytes) -> None:
        folder = self._folder / key[0]
        if not folder.exists():
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / key[1:]
        with replacing(place, mode=0o600, durable=False) as stream:
            stream.write(_seal(key, body) + body)
        if key[1] == "0":  # each sixteenth time
            _tidy(folder)


def _read(folder: Path, key: str) -> bytes | None:
    """What was kept there, if it is whole; nothing else is read."""
    try:
        descriptor = os.open(folder / key[0] / key[1:], os.O_RDONLY | NONBLOCK | NOFOLLOW | CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            content = stream.read(2 * _LARGEST)
            if time.time() - status.st_mtime > _OFTEN:
                os.utime(descriptor if os.utime in os.supports_fd else folder / key[0] / key[1:])
    except OSError:
        return None
    name, body = content[:32], content[32:]
    return body if name == _seal(key, body) else None


def _body(asked: Asked | None, findings: Iterable[Finding]) -> bytes | None:
    """What is kept of a check; None if it is too much, or nobody should read it."""
    if asked is None:
        return None
    body = b'{"asked": %s, "findings": [' % json.dumps(asked).encode()
    for number, one in enumerate(findings):
        # What a fix writes again may be a secret that is starred out everywhere else.
        if len(body) > _LARGEST or shown_correction(one) != one.correction:
            return None
        body += b", " * (number > 0) + json.dumps(asdict(one)).encode()
    return body + b"]}" if len(body) <= _LARGEST else None


def _seal(key: str, body: bytes) -> bytes:
    """What stands before the content of a file, to tell whether it is whole and the right one."""
    return digest(key.encode() + body).encode()


def _tidy(folder: Path) -> None:
    """Take away what was not used for long, if there is more than there should be."""
    with os.scandir(folder) as found:
        files = sorted(
            ((status.st_mtime, status.st_size, one.path) for one in found if (status := one.stat())), reverse=True
        )
    if len(files) <= MOST_FILES and sum(size for _, size, _ in files) <= MOST_BYTES:
        return
    size = 0
    for number, (_, more, path) in enumerate(files):
        size += more
        if number >= MOST_FILES * _LEFT or size > MOST_BYTES * _LEFT:
            with suppress(OSError):
                Path(path).unlink()


def _finding(kept: dict[str, Any]) -> Finding:
    correction, other = kept["correction"], kept["other"]
    return Finding(
        **{
            **kept,
            "severity": Severity(kept["severity"]),
            "other": Other(**other) if other else None,
            "correction": _correction(correction) if correction else None,
        }
    )


def _correction(kept: dict[str, Any]) -> Correction:
    rename = kept["rename"]
    edits = tuple(Edit(**one) for one in kept["edits"])
    return Correction(**{**kept, "edits": edits, "rename": Rename(**rename) if rename else None})
