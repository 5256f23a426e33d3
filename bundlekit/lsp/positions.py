"""Places in a text as clients count them: lines that end with LF, CRLF or CR, and columns in units of an encoding."""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import StrEnum
from typing import Any

_ENDS = re.compile(r"\r\n|\n|\r")


class PositionEncoding(StrEnum):
    """What a column counts."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def agreed(offered: Any) -> PositionEncoding:
    """The first encoding of a client that there is; UTF-16 if it offers none, as the protocol has it."""
    known = {one.value: one for one in PositionEncoding}
    for word in offered if isinstance(offered, list) else ():
        if isinstance(word, str) and word in known:
            return known[word]
    return PositionEncoding.UTF16


def sound(text: str) -> str:
    """A text without halves of a pair of surrogates, which JSON can spell and no file can hold."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Places:
    """The places in a text."""

    def __init__(self, content: str, encoding: PositionEncoding) -> None:
        """Find the lines.

        Args:
            content: the text.
            encoding: what columns count.
        """
        self.content = content
        self._encoding = encoding
        self._starts = [0]
        self._ends: list[int] = []
        for end in _ENDS.finditer(content):
            self._ends.append(end.start())
            self._starts.append(end.end())
        self._ends.append(len(content))

    def of(self, content: str) -> Places:
        """The places in another text, counted in the same way."""
        return Places(content, self._encoding)

    def offset(self, position: Any) -> int:
        """The offset of a position, in characters. What lies behind the end of a line or the text is that end.

        Raises:
            ValueError: it is no position.
        """
        line, column = position["line"], position["character"]
        if type(line) is not int or type(column) is not int or line < 0 or column < 0:
            raise ValueError("a position has a line and a character from 0 on")
        if line >= len(self._starts):
            return len(self.content)
        start, end = self._starts[line], self._ends[line]
        text = self.content[start:end]
        if self._encoding is PositionEncoding.UTF32 or text.isascii():
            return min(start + column, end)
        if self._encoding is PositionEncoding.UTF8:
            return start + len(text.encode("utf-8")[:column].decode("utf-8", "ignore"))
        return start + len(text.encode("utf-16-le")[: 2 * column].decode("utf-16-le", "ignore"))

    def position(self, offset: int) -> dict[str, int]:
        """The position of an offset in characters; of one in the end of a line it is where that begins."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        text = self.content[start : min(offset, self._ends[line])]
        return {"line": line, "character": self._units(text)}

    def range(self, start: int, end: int) -> dict[str, dict[str, int]]:
        """The range from one offset up to another."""
        return {"start": self.position(start), "end": self.position(end)}

    def _units(self, text: str) -> int:
        if self._encoding is PositionEncoding.UTF32 or text.isascii():
            return len(text)
        if self._encoding is PositionEncoding.UTF8:
            return len(text.encode("utf-8"))
        return len(text.encode("utf-16-le")) // 2
