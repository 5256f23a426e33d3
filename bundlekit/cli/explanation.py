"""The page of a rule on a terminal, and which rules a word means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bundlekit.lint.rule import Rule

COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_WIDTH = 100  # characters; longer lines are hard to read


def explain(words: tuple[str, ...]) -> None:
    """Print the pages of some rules.

    Raises:
        BadUsage: a word means no rule.
    """
    for number, rule in enumerate(rules_named(words)):
        for line in ["", *_page(rule)] if number else _page(rule):
            click.echo(line)


def rules_named(words: tuple[str, ...]) -> list[Rule]:
    """The rules that some codes, names or prefixes of codes mean.

    Raises:
        BadUsage: a word means no rule.
    """
    from bundlekit.lint.rules import rules
    from bundlekit.lint.selection import selector

    codes = frozenset[str]().union(*(selector(word).codes for word in words))
    return [rule for rule in rules() if rule.code in codes]


def _page(rule: Rule) -> Iterator[str]:
    from bundlekit.lint.page import page_of

    page = page_of(rule)
    severity = click.style(rule.severity.value, fg=COLOURS[rule.severity])
    yield f"{click.style(f'{rule.code} {rule.name}', bold=True)} ({severity})"
    fix = [f"Fix, {page.safety}: {page.fix}"] if page.fix else []
    for text in (page.fault, f"Why: {page.why}", f"Evidence: {page.evidence}", *fix):
        yield from ["", *textwrap.wrap(text, _WIDTH)]
    for title, examples in (("Bad", page.bad), ("Good", page.good)):
        for example in examples:
            state = f" is {example.state}." if example.state else ":"
            yield from ("", f"{click.style(title, bold=True)}, {example.path}{state}")
            if example.content:
                yield from ("", textwrap.indent(example.content, "    "))
