"""The comments in Python source, and nothing that only looks like one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bundlekit.bundle.text import Span, Text
from bundlekit.source.syntax import parser


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment.

    Attributes:
        words: what it says, from its `#` on.
        span: where it stands.
        is_alone: whether there is no code before it on its line.
    """

    words: str
    span: Span
    is_alone: bool


def comments(text: Text) -> Iterator[Comment]:
    """The comments of a module, Python 2 or 3, in their order; nothing is raised, whatever the text is."""
    cursor = parser().parse(text.utf8).walk()
    while (node := cursor.node) is not None:
        if node.type == "comment":
            start, end = text.offset(node.start_byte), text.offset(node.end_byte)
            span = text.span(start, end)
            before = text.line(span.line)[: span.column - 1]
            yield Comment(text.content[start:end], span, not before.strip())
        if node.type != "string" and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
