"""Patterns in the syntax of .gitignore, whose time grows with the length of a path and with nothing else.

pathspec makes regular expressions of them that try every way in which several stars can share a path: for a hostile
pattern and a long name, longer than anybody waits. It is enough to try the first place where what stands between two
stars fits, for whatever can follow it there can follow it at a later place only if the second star takes what is
between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, AnyStr

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_STAR = "[^/]*"
_STARS = re.compile(rf"(?:{re.escape(_STAR)}){{2,}}")
_BETWEEN_STARS = re.compile(
    rf"{re.escape(_STAR)}((?:\\.|\[\^/\](?!\*)|\[(?!\^/\])\^?\]?(?:\\.|[^\]\\])*\]|[^/\[\\()])+)(?={re.escape(_STAR)})",
    re.DOTALL,
)
_FOLDERS_FIRST = "^(?:.+/)?"
_FOLDERS = "(?:/.+)?"


def gitignore(patterns: Iterable[str]) -> GitIgnoreSpec:
    """The patterns in their order; the last one that matches counts.

    Raises:
        ValueError: one is not a pattern.
        re.error: likewise.
    """
    # The same engine everywhere, whatever faster ones are installed.
    return GitIgnoreSpec.from_lines(patterns, _Pattern, backend="simple")


class _Pattern(GitIgnoreSpecPattern):
    __slots__ = ()

    @classmethod
    def pattern_to_regex(cls, pattern: AnyStr) -> tuple[AnyStr | None, bool | None]:
        expression: Any
        expression, includes = super().pattern_to_regex(pattern)
        if isinstance(expression, str):
            expression = _without_second_tries(expression)
        return expression, includes


def _without_second_tries(expression: str) -> str:
    """Stars in a name, then folders of any depth, each with what follows it up to the next one."""
    expression = _BETWEEN_STARS.sub(r"(?>[^/]*?\1)", _STARS.sub(_STAR, expression))
    first, *others = expression.split(_FOLDERS)
    if not others:
        return expression
    if first.startswith(_FOLDERS_FIRST):
        first = f"^(?>(?:.+?/)??{first.removeprefix(_FOLDERS_FIRST)}(?=/))"
    between = (f"(?>(?:/.+?)??{part}(?=/))" for part in others[:-1])
    return "".join([first, *between, _FOLDERS, others[-1]])
