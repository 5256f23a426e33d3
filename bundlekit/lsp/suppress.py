"""The comment that hides a finding, put where it counts."""

from __future__ import annotations

import re

from bundlekit.bundle.text import Text
from bundlekit.lint.suppression import suppressions_in

Insertion = tuple[int, str]
"""An offset, and what is put there."""


def suppression_of(path: str, content: str, line: int, code: str) -> Insertion | None:
    """What to put into a module so that a comment hides the findings of a rule in a line.

    It goes into a comment that is there already, else behind the line, else above it: behind a backslash, or in a
    string of several lines, there is no comment. Each is tried, and read as the check reads it.

    Args:
        path: of the module in the bundle.
        content: of the module.
        line: from 1.
        code: of the rule.

    Returns:
        What to put where; None if no comment can do it.
    """
    text = Text(content)
    lines = content.split("\n")
    start = sum(len(one) + 1 for one in lines[: line - 1])
    code_line = lines[line - 1].removesuffix("\r")
    end = "\r\n" if lines[line - 1].endswith("\r") else "\n"
    indent = code_line[: len(code_line) - len(code_line.lstrip())]
    tried: list[tuple[Insertion, int]] = []
    for one in suppressions_in(path, text) if "bundlekit:" in content else ():
        if one.line == line and one.words:
            bracket = content.index("]", _offset(lines, one.span.line, one.span.column))
            tried.append(((bracket, f", {code}"), line))
    if not code_line.rstrip().endswith("\\"):
        tried.append(((start + len(code_line.rstrip()), f"  # bundlekit: ignore[{code}]"), line))
    tried.append(((start, f"{indent}# bundlekit: ignore[{code}]{end}"), line + 1))
    for (offset, words), hidden in tried:
        after = Text(content[:offset] + words + content[offset:])
        if any(one.line == hidden and code in one.words for one in suppressions_in(path, after)):
            return offset, words
    return None


def can_be_hidden(code: str) -> bool:
    """Whether a comment hides findings of a rule."""
    return re.match(r"BK9", code) is None


def _offset(lines: list[str], line: int, column: int) -> int:
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
