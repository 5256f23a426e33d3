"""Secrets of a bundle's files, kept out of what is said about them."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from functools import lru_cache

from bundlekit.bundle.text import Text
from bundlekit.lint.facts.credentials import Credential, credentials

_MOST = 1000  # credentials of a file, so that a hostile one takes no long
_SHORTEST = 8  # characters; shorter words are often no secrets, and what they hide is needed
_LONGEST = 1024  # characters that are compared at once
_LONGEST_KEY = 64 * 1024  # bytes; an RSA key of 16,384 bits has a fifth of that
_MARK = b"-----"
_BETWEEN_KEY_LINES = re.compile(rb"\\r|\\n|[\s\"'+(),]+")


class Secrets:
    """The secrets that stand in a text."""

    def __init__(self, text: Text) -> None:
        self._known: dict[str, list[str]] = {}
        for secret in sorted(set(_secrets(text.utf8))):
            self._known.setdefault(secret[:_SHORTEST], []).append(secret)

    def redact(self, words: str) -> str:
        """Words with stars for each secret in them, or for its beginning where it is cut off. Their length stays, and
        so do the places in them.
        """
        if not self._known:
            return words
        parts, done, at = [], 0, 0
        while at <= len(words) - _SHORTEST:
            alike = self._known.get(words[at : at + _SHORTEST])
            if alike is None:
                at += 1
                continue
            length = _most_in_common(alike, words[at : at + _LONGEST])
            parts += [words[done:at], "*" * length]
            done = at = at + length
        return "".join((*parts, words[done:]))


def _most_in_common(secrets: list[str], words: str) -> int:
    """How many characters at the beginning of some words are those of a secret; the closest ones stand side by side."""
    place = bisect(secrets, words)
    return max(_in_common(secret, words) for secret in secrets[max(0, place - 1) : place + 1])


def _in_common(one: str, other: str) -> int:
    differs = (at for at, (here, there) in enumerate(zip(one, other, strict=False)) if here != there)
    return next(differs, min(len(one), len(other)))


@lru_cache(maxsize=4)  # of one bundle, one finding after the other
def secrets_of(text: Text) -> Secrets:
    """The secrets that stand in a text, looked for once."""
    return Secrets(text)


def _secrets(content: bytes) -> Iterator[str]:
    for credential in credentials(content, _MOST):
        is_key = content.startswith(_MARK, credential.start)
        for secret in _key_lines(content, credential) if is_key else (credential.secret(content),):
            if len(secret) >= _SHORTEST:
                yield secret.decode("utf-8", "replace")


def _key_lines(content: bytes, credential: Credential) -> Iterator[bytes]:
    """What stands between the first line of a private key and the last one: of several lines, or with `\\n` in one."""
    begin = content.find(_MARK, credential.start + len(_MARK)) + len(_MARK)
    end = content.find(_MARK, begin)
    key = content[begin : end if end >= 0 else begin + _LONGEST_KEY]
    yield from (piece for piece in _BETWEEN_KEY_LINES.split(key) if b":" not in piece)
