"""Secrets in the bytes of a file: only what is hardly anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST = 10
"""More secrets of one file than this are not looked for."""

_PLACEHOLDER = re.compile(
    rb"example|sample|placeholder|change|dummy|your|secret|password|passwd|test|x{3}|1234|abcd", re.I
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret: what it is, where it begins and ends with the words that tell that it is one, and itself."""

    what: str
    start: int
    end: int
    itself: tuple[int, int]

    def secret(self, content: bytes) -> bytes:
        """The secret without what stands around it.

        Args:
            content: in which it was found.
        """
        return content[slice(*self.itself)]


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind of secret looks.

    Attributes:
        needles: expressions; where a file has none of them, `expression` is not tried. They begin with plain letters,
            by which they are found several times as fast.
        ignores_case: whether the needles, which are in lower case, count in upper case, too.
        expression: its group 1 is what must be no placeholder, where there is one; compiled where a file needs it.
        varied: how many kinds of characters (lower, upper, digit, other) that must have.
    """

    what: str
    needles: tuple[bytes, ...]
    expression: bytes
    varied: int = 0
    ignores_case: bool = False


_FORMS = (
    _Form(
        "a private key",
        (rb"PRIVATE KEY",),
        rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|[\s\"'+(),]){1,40}"
        rb"(?:Proc-Type|DEK-Info|Version|Comment|[A-Za-z0-9+/]{24})",
    ),
    _Form("a private key", (rb"PuTTY-User-Key-File-",), rb"(?m)^PuTTY-User-Key-File-[0-9]: "),
    _Form(
        "an access key of AWS",
        (rb"A[KS]IA[A-Z2-7]{16}",),
        rb"(?<![A-Za-z0-9])((?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Za-z0-9])",
    ),
    _Form(
        "a token of GitHub",
        (rb"gh[oprsu]_", rb"github_pat_"),
        rb"(?<![A-Za-z0-9_])(gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,100})(?![A-Za-z0-9_])",
        varied=3,
    ),
    _Form(
        "a token of GitLab",
        (rb"glpat-",),
        rb"(?<![A-Za-z0-9_])(glpat-[A-Za-z0-9_-]{20})(?![A-Za-z0-9_-])",
        varied=3,
    ),
    _Form(
        "an API token of a gateway",
        (rb"mx-api-token", rb"mx_api_token"),
        rb"(?i:mx[-_]api[-_]token)[\"']?\]?\s{0,3}[:=,]\s{0,3}"
        rb"(?:[\"']([A-Za-z0-9+/=_-]{16,200})[\"']|(?<=[:\s=])([A-Za-z0-9]{24,200})\b(?![(.\[]))",
        varied=2,
        ignores_case=True,
    ),
    _Form(
        "a password",
        (rb"passw(?:or)?d", rb"secret", rb"api_?key"),
        rb"(?i:password|passwd|secret|api_?key)[\"']?\]?\s{0,3}[:=]\s{0,3}[bu]?[\"']([^\"'\s\\{}<>$%/]{10,100})[\"']",
        varied=3,
        ignores_case=True,
    ),
    _Form(
        "a password",
        (rb"machine\s",),
        rb"(?m)^machine\s{1,8}\S{1,200}\s{1,8}login\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(\S{1,200})",
    ),
)


def credentials(content: bytes, most: int = MOST) -> Iterator[Credential]:
    """The secrets in a file, in the order of their kinds, at most `most`."""
    lower = content.lower()
    left = most
    for form in _FORMS:
        text = lower if form.ignores_case else content
        if not any(re.search(needle, text) for needle in form.needles):
            continue
        for found in re.finditer(form.expression, content):
            group = found.lastindex or 0
            value = found[group] if group else b""
            if (value and _PLACEHOLDER.search(value)) or _kinds(value) < form.varied:
                continue
            yield Credential(form.what, *found.span(), found.span(group))
            left -= 1
            if not left:
                return


def _kinds(value: bytes) -> int:
    kinds = (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^A-Za-z0-9]")
    return sum(re.search(kind, value) is not None for kind in kinds)
