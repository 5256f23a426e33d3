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
        needles: in lower case; without one of them in a file the expression is not tried.
        expression: its group 1 is what must be no placeholder, where there is one; compiled where a file needs it.
        varied: how many kinds of characters (lower, upper, digit, other) that must have.
    """

    what: str
    needles: tuple[bytes, ...]
    expression: bytes
    varied: int = 0


_FORMS = (
    _Form(
        "a private key",
        (b"private key",),
        rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|[\s\"'+(),]){1,40}"
        rb"(?:Proc-Type|DEK-Info|Version|Comment|[A-Za-z0-9+/]{24})",
    ),
    _Form("a private key", (b"putty-user-key-file-",), rb"(?m)^PuTTY-User-Key-File-[0-9]: "),
    _Form(
        "an access key of AWS",
        (b"akia", b"asia"),
        rb"(?<![A-Za-z0-9])((?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Za-z0-9])",
    ),
    _Form(
        "a token of GitHub",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        rb"(?<![A-Za-z0-9_])(gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,100})(?![A-Za-z0-9_])",
        varied=3,
    ),
    _Form(
        "a token of GitLab",
        (b"glpat-",),
        rb"(?<![A-Za-z0-9_])(glpat-[A-Za-z0-9_-]{20})(?![A-Za-z0-9_-])",
        varied=3,
    ),
    _Form(
        "an API token of a gateway",
        (b"mx-api-token", b"mx_api_token"),
        rb"(?i:mx[-_]api[-_]token)[\"']?\]?\s{0,3}[:=,]\s{0,3}"
        rb"(?:[\"']([A-Za-z0-9+/=_-]{16,200})[\"']|(?<=[:\s=])([A-Za-z0-9]{24,200})\b(?![(.\[]))",
        varied=2,
    ),
    _Form(
        "a password",
        (b"password", b"passwd", b"secret", b"api_key", b"apikey"),
        rb"(?i:password|passwd|secret|api_?key)[\"']?\]?\s{0,3}[:=]\s{0,3}[bu]?[\"']([^\"'\s\\{}<>$%/]{10,100})[\"']",
        varied=3,
    ),
    _Form(
        "a password",
        (b"machine",),
        rb"(?m)^machine\s{1,8}\S{1,200}\s{1,8}login\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(\S{1,200})",
    ),
)


def credentials(content: bytes, most: int = MOST) -> Iterator[Credential]:
    """The secrets in a file, in the order of their kinds, at most `most`."""
    lower = content.lower()
    left = most
    for form in _FORMS:
        if not any(needle in lower for needle in form.needles):
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
