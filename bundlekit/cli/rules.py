"""`bundlekit rules`, and the page of a rule on a terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bundlekit.cli import completing
from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    from bundlekit.lint.rule import Rule

FORMAT_VERSION = 1
"""Of the JSON; it grows by one when something in it changes its meaning or goes away."""

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_WIDTH = 100


@verb(
    "rules",
    summary="List the rules that validate asks.",
    examples="""
    bundlekit rules
    bundlekit rules BK3 undeclared-method  those of index.py, and one more
    bundlekit rules --format json | jq -r '.rules[].code'
    """,
)
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=completing.rules)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or one JSON object for programs.",
)
def command(codes: tuple[str, ...], output_format: str) -> int:
    """List the rules: code, name, severity, and what each finds. By default all; CODE is a code, a name, or a prefix of
    codes such as BK3.

    The severity is the one that a rule has by itself, whatever settings say. `bundlekit validate --explain CODE` shows
    what one is about, with examples.
    """
    return run(codes, output_format)


def run(codes: tuple[str, ...], output_format: str) -> int:
    """Print the list of some rules, or of all, in the form `text` or `json`."""
    from bundlekit.lint.page import page_of

    chosen = _rules(codes or ("ALL",))
    if output_format == "json":
        listed = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "fault": page_of(rule).fault,
                "why": page_of(rule).why,
                "evidence": page_of(rule).evidence,
            }
            for rule in chosen
        ]
        click.echo(json.dumps({"version": FORMAT_VERSION, "rules": listed}, indent=2))
        return 0
    width = max(len(rule.name) for rule in chosen)
    for rule in chosen:
        severity = click.style(f"{rule.severity:<7}", fg=_COLOURS[rule.severity])
        click.echo(f"{rule.code}  {rule.name:<{width}}  {severity}  {page_of(rule).fault}")
    return 0


def explain(words: tuple[str, ...]) -> None:
    """Print the pages of some rules.

    Raises:
        BadUsage: a word means no rule.
    """
    for number, rule in enumerate(_rules(words)):
        for line in ["", *_page(rule)] if number else _page(rule):
            click.echo(line)


def _rules(words: tuple[str, ...]) -> list[Rule]:
    from bundlekit.lint.rules import rules
    from bundlekit.lint.selection import selector

    codes = frozenset[str]().union(*(selector(word).codes for word in words))
    return [rule for rule in rules() if rule.code in codes]


def _page(rule: Rule) -> Iterator[str]:
    from bundlekit.lint.page import page_of

    page = page_of(rule)
    severity = click.style(rule.severity.value, fg=_COLOURS[rule.severity])
    yield f"{click.style(f'{rule.code} {rule.name}', bold=True)} ({severity})"
    for text in (page.fault, f"Why: {page.why}", f"Evidence: {page.evidence}"):
        yield from ["", *textwrap.wrap(text, _WIDTH)]
    for title, examples in (("Bad", page.bad), ("Good", page.good)):
        for example in examples:
            state = f" is {example.state}." if example.state else ":"
            yield from ("", f"{click.style(title, bold=True)}, {example.path}{state}")
            if example.content:
                yield from ("", textwrap.indent(example.content, "    "))
