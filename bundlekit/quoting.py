"""Text from elsewhere, made fit for a message or a terminal: nothing in it steers the terminal."""

from __future__ import annotations

import json
import re
from typing import Any

_LONGEST = 60  # characters of a value in a message, which has a line

# C0 and C1 controls and DEL: a terminal obeys them. A tab and a line break are harmless, and stay.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Whole colour sequences are removed, not only their first character, so that a coloured log stays readable.
_SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_TEXT = re.compile(r"[^\t\n]+")


def printable(text: str) -> str:
    """A text with everything that does not print (control and escape characters, bytes of an unknown encoding,
    marks that turn the direction of writing) written as an escape such as `\\x1b`.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def for_terminal(text: str) -> str:
    """Text of several lines, such as a log, without control characters and colours; tabs and line breaks stay.

    Characters that turn the direction of writing or are invisible become an escape, as in `printable`.
    """
    text = _CONTROLS.sub("", _SEQUENCES.sub("", text))
    return text if text.isprintable() else _TEXT.sub(lambda found: printable(found[0]), text)


def quoted(value: Any) -> str:
    """A JSON value as it would stand in a file, shortened, fit for a message."""
    if isinstance(value, str):
        return f'"{_shortened(printable(value[: _LONGEST + 1]), len(value) > _LONGEST)}"'
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4 * _LONGEST:
        return "a very large number"
    return json.dumps(value)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that could not be decoded, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _shortened(text: str, cut: bool) -> str:
    return text[:_LONGEST] + "..." if cut or len(text) > _LONGEST else text
