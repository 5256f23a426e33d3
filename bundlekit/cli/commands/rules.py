"""`bundlekit rules`, and the page of a rule on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bundlekit.cli import completing
from bundlekit.cli.explanation import COLOURS, rules_named
from bundlekit.cli.verb import verb

if TYPE_CHECKING:
    pass

FORMAT_VERSION = 1
"""Of the JSON; it grows by one when something in it changes its meaning or goes away."""


@verb(
    "rules",
    examples="""
    bundlekit rules
    bundlekit rules BK3 undeclared-method  the rules about index.py, and another rule
    bundlekit rules --format json | jq -r '.rules[].code'
    """,
)
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=completing.rules)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or a JSON object for programs.",
)
def command(codes: tuple[str, ...], output_format: str) -> int:
    """List the rules: code, name, severity, and what each rule finds. By default all rules. CODE is a code, a name, or
    a prefix of codes such as BK3.

    The severity is that of the rule itself; your settings do not count here. `bundlekit validate --explain CODE`
    explains a rule with examples.
    """

    from bundlekit.lint.page import page_of

    chosen = rules_named(codes or ("ALL",))
    if output_format == "json":
        listed = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "fault": page_of(rule).fault,
                "why": page_of(rule).why,
                "evidence": page_of(rule).evidence,
                "fix": page_of(rule).fix or None,
                "safety": page_of(rule).safety or None,
            }
            for rule in chosen
        ]
        click.echo(json.dumps({"version": FORMAT_VERSION, "rules": listed}, indent=2))
        return 0
    width = max(len(rule.name) for rule in chosen)
    for rule in chosen:
        severity = click.style(f"{rule.severity:<7}", fg=COLOURS[rule.severity])
        click.echo(f"{rule.code}  {rule.name:<{width}}  {severity}  {page_of(rule).fault}")
    return 0
