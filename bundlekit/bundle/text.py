"""Text with places: lines and columns as an editor counts them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

_STRIDE = 1024  # characters between two offsets that are kept: memory for them, time for the rest


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text.

    Lines and columns start at 1 and count characters, not bytes. The end is the place behind the last
    character, so that an empty stretch has its end where it begins.
    """

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


BEGINNING = Span()


class Text:
    """A file's text, with the places in it."""

    def __init__(self, content: str) -> None:
        self.content = content

    def span(self, start: int, end: int) -> Span:
        """The place of the characters from offset `start` up to, not including, `end`."""
        line, column = self._place(start)
        end_line, end_column = self._place(end)
        return Span(line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The line with this number (from 1) without its end; empty where there is none."""
        return self._lines[number - 1].removesuffix("\r") if 0 < number <= len(self._lines) else ""

    def between(self, span: Span) -> str:
        """What stands in a place, ends of lines included."""
        start = self._starts[span.line - 1] + span.column - 1
        return self.content[start : self._starts[span.end_line - 1] + span.end_column - 1]

    def offset(self, in_bytes: int) -> int:
        """The offset in characters of an offset in the text's UTF-8 bytes."""
        if self._is_ascii:
            return in_bytes
        step = bisect_right(self._strides, in_bytes) - 1
        rest = self.utf8[self._strides[step] : in_bytes]
        return step * _STRIDE + len(rest.decode("utf-8", "replace"))

    @cached_property
    def utf8(self) -> bytes:
        """The text as UTF-8; what cannot be encoded is a question mark, so that offsets stay right."""
        return self.content.encode("utf-8", "replace")

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset) - 1
        return line + 1, offset - self._starts[line] + 1

    @cached_property
    def _is_ascii(self) -> bool:
        return self.content.isascii()

    @cached_property
    def _lines(self) -> list[str]:
        return self.content.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def _strides(self) -> list[int]:
        """Where in the UTF-8 bytes every thousandth or so character begins."""
        strides = [0]
        for end in range(_STRIDE, len(self.content), _STRIDE):
            stride = self.content[end - _STRIDE : end].encode("utf-8", "replace")
            strides.append(strides[-1] + len(stride))
        return strides
