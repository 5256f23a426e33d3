"""How JSON from a gateway looks on a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

import click

_TOKEN = re.compile(r'("(?:\\.|[^"\\])*")(?=:)|("(?:\\.|[^"\\])*")|(true|false|null)|(-?\d[\d.eE+-]*)')
_COLOURS = ("blue", "green", "magenta", "cyan")


def pretty(value: Any) -> str:
    """A value as indented JSON. Whatever could steer a terminal stands in it as an escape of JSON's own."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def coloured(text: str) -> str:
    """JSON in colours, one for each kind of value."""

    def paint(found: re.Match[str]) -> str:
        return click.style(found[0], fg=_COLOURS[(found.lastindex or 1) - 1])

    return _TOKEN.sub(paint, text)
