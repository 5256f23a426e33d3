"""How fast an upload may be, as it stands on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage
from bundlekit.library.rate import rate_in

if TYPE_CHECKING:
    import click


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
