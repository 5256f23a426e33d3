"""Where in a JSON text somebody is typing, however little of it is JSON yet."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_TOKENS = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_DEEPEST = 200  # as far as a check looks


@dataclass
class _Open:
    """An object or array that has begun."""

    is_object: bool
    keys: list[str] = field(default_factory=list)
    index: int = 0
    is_behind_colon: bool = False

    @property
    def step(self) -> str | int:
        return (self.keys[-1] if self.keys else "") if self.is_object else self.index


@dataclass(frozen=True)
class JsonCursor:
    """A place in a JSON text.

    Attributes:
        path: keys and indexes that lead to the value there, or, in front of a key, to the object around.
        is_key: whether a key belongs there, not a value.
        start: the offset where the word at the place begins; the place itself if there is none.
        end: the offset where that word ends.
        has_colon: whether a colon follows the word.
        siblings: the other keys of the object around, or the other strings of the array around.
    """

    path: tuple[str | int, ...]
    is_key: bool
    start: int
    end: int
    has_colon: bool
    siblings: frozenset[str]


def json_cursor(text: str, offset: int) -> JsonCursor | None:
    """What is at an offset of a text; None where neither a key nor a value can be."""
    opened: list[_Open] = []
    for token in _TOKENS.finditer(text):
        word = token[0]
        is_word = word not in "[]{}:,"
        if token.start() >= offset or (is_word and token.end() >= offset):
            is_touched = is_word and token.start() <= offset
            return _cursor(text, opened, token.span() if is_touched else (offset, offset))
        _pass(opened, word, is_word)
        if len(opened) > _DEEPEST:
            return None
    return _cursor(text, opened, (offset, offset))


def _pass(opened: list[_Open], word: str, is_word: bool) -> None:
    around = opened[-1] if opened else None
    if word in "{[":
        opened.append(_Open(word == "{"))
    elif word in "}]":
        if opened:
            opened.pop()
    elif around is None:
        return
    elif word == ",":
        around.index += 1
        around.is_behind_colon = False
    elif word == ":":
        around.is_behind_colon = True
    elif is_word and around.is_object and not around.is_behind_colon:
        around.keys.append(_string(word))


def _cursor(text: str, opened: list[_Open], span: tuple[int, int]) -> JsonCursor | None:
    if not opened:
        return None
    around, outer = opened[-1], tuple(one.step for one in opened[:-1])
    is_key = around.is_object and not around.is_behind_colon
    return JsonCursor(
        path=outer if is_key else (*outer, around.step),
        is_key=is_key,
        start=span[0],
        end=span[1],
        has_colon=text[span[1] :].lstrip()[:1] == ":",
        siblings=frozenset(_siblings(text, around, span)),
    )


def _siblings(text: str, around: _Open, span: tuple[int, int]) -> list[str]:
    """The keys before the place and behind it, or the strings of the array."""
    start = text.rfind("[", 0, span[0]) + 1
    found = list(around.keys) if around.is_object else re.findall(r'"([^"\n]*)"', text[start : span[0]])
    depth = 0
    last = ""
    for token in _TOKENS.finditer(text, span[1]):
        word = token[0]
        depth += (word in "{[") - (word in "}]")
        if depth < 0:
            break
        if depth == 0 and (word == ":" if around.is_object else word.startswith('"')):
            found.append(_string(last if around.is_object else word))
        last = word
    return found


def _string(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word.strip('"')
