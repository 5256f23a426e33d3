"""What all verbs have in common: a help page that starts with examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from bundlekit.cli.summaries import SUMMARIES


class _Verb(click.Command):
    examples: str = ""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            width = max(len(line.split("  ")[0]) for line in self.examples.splitlines())
            for line in self.examples.splitlines():
                example, _, meaning = line.partition("  ")
                formatter.write(f"  {example:<{width}}  {meaning.strip()}".rstrip() + "\n")
        super().format_help_text(ctx, formatter)


class VerbWithVerbs(_Verb, click.Group):
    """A verb that does something by itself and has verbs of its own besides."""


class VerbBesideVerbs(_Verb):
    """A verb that takes an argument of its own, and whose first argument may be one of its own verbs instead."""

    def __init__(self, *arguments: Any, verbs: Sequence[click.Command], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.commands = {str(one.name): one for one in verbs}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in self.commands:
            return self.commands[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str()) for name, one in self.commands.items()])


def verb(
    name: str, *, examples: str, summary: str = "", kind: type[_Verb] = _Verb, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function the command of a verb.

    Args:
        name: the verb.
        examples: one command line a line; two spaces, then what it is for.
        summary: of a verb's own verb, the line in the verb's `--help`; other verbs have it in a table.
        kind: of command, and
        settings: of that kind.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        command = click.command(name, cls=kind, short_help=summary or SUMMARIES[name], **settings)(function)
        assert isinstance(command, _Verb)  # noqa: S101 - what click was told to make
        command.examples = "\n".join(line.strip() for line in examples.strip().splitlines())
        return command

    return decorate
