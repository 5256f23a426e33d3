"""How fast an upload may be, as it stands on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    import click

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


def parse_rate(_context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """What an option says, for click; see `rate_in`.

    Raises:
        click.BadParameter: it is no rate.
    """
    import click

    try:
        return None if text is None else rate_in(text)
    except BadUsage as error:
        raise click.BadParameter(error.message, param=option) from error
