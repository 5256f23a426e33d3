"""What a command line chooses of the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bundlekit.bundle.gateway_resources import API, GATEWAY_RESOURCES
from bundlekit.cli import completing
from bundlekit.lint.chosen import Asked, RuleChoice, words_of

__all__ = ["Asked", "Chosen", "choice_options"]


class Chosen(RuleChoice):
    """Which rules are asked of each bundle; settings that do not count are told on the terminal."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked, _tell_left_out)


def _tell_left_out(files: Mapping[Path, str]) -> None:
    from bundlekit.lint.settings import TRUST_HINT
    from bundlekit.quoting import printable

    context = click.get_current_context(silent=True)
    told = context.find_root().meta.setdefault(__name__, set()) if context is not None else set()
    for file in files.keys() - told:
        told.add(file)
        said = f"the settings in {printable(str(file))} do not count: {printable(files[file])}"
        click.echo(click.style("note: ", fg="yellow") + said, err=True)
        click.echo(click.style(" hint: ", fg="cyan", bold=True) + TRUST_HINT, err=True)


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that choose rules; it gets them as one `asked`."""

    @wraps(function)
    def gathered(
        *,
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        severity: tuple[str, ...],
        fail_on: str | None,
        gateway_api: str | None,
        config: Path | None,
        no_config: bool,
        **others: Any,
    ) -> Any:
        return function(asked=Asked(select, ignore, severity, fail_on, gateway_api, config, no_config), **others)

    for decorate in (
        click.option("--explain", multiple=True, metavar="CODE", shell_complete=completing.rules,
                     is_eager=True, expose_value=False, callback=_explain,
                     help="Show what a rule is about, with examples, and check nothing."),
        click.option("--no-config", is_flag=True, help="Heed no settings."),
        click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
                     help="In place of the nearest bundlekit.toml, or pyproject.toml with [tool.bundlekit]."),
        click.option("--gateway-api", type=click.Choice(list(GATEWAY_RESOURCES)),
                     help=f"The version of the gateway's API whose resources are taken; by default {API}."),
        click.option("--fail-on", type=click.Choice(["error", "warning", "info"]),
                     help="Findings from this severity on fail the check; by default errors."),
        click.option("--severity", multiple=True, metavar="CODE=SEVERITY", shell_complete=completing.severities,
                     help="How bad the findings of a rule are: error, warning, info, or off."),
        click.option("--ignore", multiple=True, metavar="CODES", help="The rules that are not asked.",
                     shell_complete=completing.rules),
        click.option("--select", multiple=True, metavar="CODES", shell_complete=completing.rules,
                     help="The only rules to ask: codes (BK302), prefixes (BK3) or names, with commas between."),
    ):  # fmt: skip
        gathered = decorate(gathered)
    return gathered


def _explain(context: click.Context, _: click.Parameter, words: tuple[str, ...]) -> None:
    if words and not context.resilient_parsing:
        from bundlekit.cli.explanation import explain

        explain(tuple(words_of(words)))
        context.exit()
