"""How fast an upload may be, as a text."""

from __future__ import annotations

import re

from bundlekit.errors import BadUsage

_LEAST_RATE, _MOST_RATE = 1000, 1_000_000_000
_RATE = re.compile(r"(\d+(?:\.\d+)?)([kM]?)")


def rate_in(text: str) -> int:
    """Bytes a second, from `20000`, `20k` or `1.5M`.

    Raises:
        BadUsage: it is no such number.
    """
    found = _RATE.fullmatch(text)
    rate = float(found[1]) * {"": 1, "k": 1000, "M": 1_000_000}[found[2]] if found else 0
    if not _LEAST_RATE <= rate <= _MOST_RATE:
        raise BadUsage(f"{text[:60]!r} is not a number of bytes per second from 1k to 1000M, such as 20k or 1.5M")
    return int(rate)
