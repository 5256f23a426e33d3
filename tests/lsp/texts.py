"""Places in texts, and edits of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bundlekit.lint.finding import Edit
from bundlekit.lsp.diagnostics import FilePlaces
from bundlekit.lsp.positions import Places, PositionEncoding
from tests.lsp.editor import Editor

MARK = "\u2038"
"""Where the cursor is in a text of a test."""


def position(text: str, at: int) -> dict[str, int]:
    """The position of an offset."""
    return Places(text, PositionEncoding.UTF16).position(at)


def split(text: str) -> tuple[str, dict[str, int]]:
    """A text without its mark, and the position of that."""
    return text.replace(MARK, ""), position(text, text.index(MARK))


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after some edits."""
    places = Places(text, PositionEncoding.UTF16)
    spans = [(*(places.offset(one["range"][side]) for side in ("start", "end")), one["newText"]) for one in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text after the edits of a fix."""
    places = FilePlaces(Places(text, PositionEncoding.UTF16))
    return edited(
        text,
        [
            {"range": places.range(one.line, one.column, one.end_line, one.end_column), "newText": one.text}
            for one in edits
        ],
    )


def actions(editor: Editor, uri: str, at: dict[str, int], **context: Any) -> dict[str, dict[str, Any]]:
    """The code actions at a position, by title."""
    params = {
        "textDocument": {"uri": uri},
        "range": {"start": at, "end": at},
        "context": {"diagnostics": [], **context},
    }
    return {one["title"]: one for one in editor.ask("textDocument/codeAction", params)}


def edits_of(action: dict[str, Any], uri: str) -> list[dict[str, Any]]:
    """The edits of a file in an action."""
    if "changes" in action["edit"]:
        return list(action["edit"]["changes"][uri])
    return [
        edit for one in action["edit"]["documentChanges"] if one["textDocument"]["uri"] == uri for edit in one["edits"]
    ]
