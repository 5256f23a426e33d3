"""The script that does everything on the gateway, in parts that are sent as one."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

_PARTS = Path(__file__).parent


@cache
def text() -> str:
    """The whole script, its parts in the order of their names."""
    return "".join(part.read_text(encoding="utf-8") for part in sorted(_PARTS.glob("*.sh")))


@cache
def compressed() -> bytes:
    """The script as it travels: gzip, which every gateway has; about a third of it."""
    return gzip.compress(text().encode(), mtime=0)
