"""Versions as semantic versioning writes them."""

from __future__ import annotations

import re

_LONGEST = 100  # characters; no longer version can be a release
_PARTS = re.compile(r"\s*v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?(?!\.?[0-9])(\+?)(.*)", re.I | re.DOTALL)


def semantic(version: str) -> str | None:
    """A version as a semantic one: `1.0/beta 2` as `1.0.0-beta.2`; None if it has no numbers in front, or four."""
    found = _PARTS.fullmatch(version[: _LONGEST + 1])
    if found is None or len(version) > _LONGEST:
        return None
    release = ".".join(str(int(number or "0")) for number in found.groups()[:3])
    rest = re.findall("[0-9A-Za-z]+", found[5])
    if found[4]:
        return f"{release}+{'.'.join(rest)}" if rest else release
    suffix = ".".join(str(int(part)) if part.isdecimal() else part for part in rest)
    return f"{release}-{suffix}" if suffix else release
