"""Findings that a comment in index.py, or in a module of the bundle that it imports, hides.

Such as `# bundlekit: ignore[BK302] called by the old firmware`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from bundlekit.bundle.text import Span, Text
from bundlekit.lint.catalogue import catalogue
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.source.comments import Comment, comments

OF_SUPPRESSIONS = "BK9"
"""How the codes of the rules about these comments begin; no comment hides what they find."""

_MARK = "bundlekit:"
# What stands in it ends with the next "#", so that a hostile line is read once.
_FORM = re.compile(r"#[ \t]*bundlekit:(?P<said>[^#]*)")
_SAID = re.compile(r"\s*ignore\s*\[(?P<rules>[^\]]*)\](?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment that hides findings.

    Attributes:
        path: of the module that it stands in.
        span: where it stands.
        line: the line whose findings it hides: its own, or the next one with code if it stands alone.
        words: the codes and names of rules in it, as they are written; empty if it has not the right form.
        reason: why, in the words of whoever wrote it; may be empty.
    """

    path: str
    span: Span
    line: int
    words: tuple[str, ...]
    reason: str

    @property
    def codes(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Each word, and the codes of the rules that it means; a prefix would hide what nobody has seen yet."""
        for word in self.words:
            yield word, frozenset(rule.code for rule in catalogue() if word.upper() == rule.code or word == rule.name)


def hidden(inspection: Inspection) -> frozenset[tuple[str, str, int]]:
    """The rules, by code, whose findings are hidden, each with the module and the line that they are hidden on."""
    return frozenset(
        (code, one.path, one.line)
        for one in suppressions(inspection)
        for _, codes in one.codes
        for code in codes
        if not code.startswith(OF_SUPPRESSIONS)
    )


def lines_of(diagnostic: Diagnostic) -> Iterator[tuple[str, int]]:
    """The lines of modules that a fault is about: where it is, and the other place that it names."""
    places = [(diagnostic.path, diagnostic.span)] + ([diagnostic.other[:2]] if diagnostic.other is not None else [])
    for path, span in places:
        if path.endswith(".py"):
            yield path, span.line


def suppressions(inspection: Inspection) -> tuple[Suppression, ...]:
    """The comments in modules of the bundle that hide findings, in their order."""
    marked = [module for module in inspection.modules if _MARK in module.text.content]
    return tuple(one for module in marked for one in suppressions_in(module.path, module.text))


def suppression_rule(
    *,
    code: str,
    name: str,
    severity: Severity,
    page: str | None,
    word: Callable[[Suppression], Iterable[tuple[str, str]]],
    correct: Callable[[Inspection, Suppression], Correction | None] = lambda *_: None,
) -> Rule:
    """A rule that words what is wrong with such a comment.

    Args:
        code: such as `BK101`.
        name: in words with hyphens.
        severity: where no setting says otherwise.
        page: the docstring of its module, which becomes its page.
        word: makes message and hint of each fault of one comment.
        correct: the correction of what it first says of a comment, where there is one.
    """

    def check(inspection: Inspection) -> Iterator[Diagnostic]:
        for one in suppressions(inspection):
            for number, (message, hint) in enumerate(word(one)):
                correction = correct(inspection, one) if number == 0 else None
                yield Diagnostic(one.path, one.span, message, hint, correction=correction)

    return Rule(code, name, severity, page, check)


@lru_cache(maxsize=32)  # several rules ask in turn
def suppressions_in(path: str, text: Text) -> tuple[Suppression, ...]:
    """The comments in a module that hide findings, in their order."""
    code_from = _next_code(text.content.split("\n"))
    return tuple(one for comment in comments(text) for one in _of(path, comment, code_from))


def _of(path: str, comment: Comment, code_from: list[int]) -> Iterator[Suppression]:
    line = comment.span.line
    for found in _FORM.finditer(comment.words):
        start = comment.span.column + found.start()
        said = _SAID.fullmatch(found["said"].rstrip())
        yield Suppression(
            path=path,
            span=Span(line, start, line, start + len(found[0].rstrip())),
            line=code_from[line] if comment.is_alone else line,
            words=tuple(word.strip() for word in said["rules"].split(",")) if said else (),
            reason=said["reason"].strip(" \t:-") if said else "",
        )


def _next_code(lines: list[str]) -> list[int]:
    """For each line, from 0, the number of the first one from there on that is neither empty nor a comment."""
    number = len(lines)
    numbers = [number]
    for at in range(len(lines), 0, -1):
        code = lines[at - 1].strip()
        number = at if code and not code.startswith("#") else number
        numbers.append(number)
    return numbers[::-1]
