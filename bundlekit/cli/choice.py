"""What a command line chooses of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.bundle.gateway_resources import API, GATEWAY_RESOURCES
from bundlekit.cli import completing
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.lint.selection import Choice, PathIgnore, Selection
    from bundlekit.lint.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The choice as it is typed.

    Attributes:
        select: words for rules, several of them in one with commas between; empty if not given.
        ignore: likewise.
        severity: `CODE=SEVERITY`, likewise.
        fail_on: a severity.
        api: a version of the gateway's API.
        config: a file of settings that counts in place of those that lie around a bundle.
        no_config: whether no settings count.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    fail_on: str | None = None
    api: str | None = None
    config: Path | None = None
    no_config: bool = False

    def choice(self) -> Choice:
        """What is chosen.

        Raises:
            BadUsage: a word means no rule, or no severity.
        """
        from bundlekit.lint.finding import Severity
        from bundlekit.lint.selection import Choice, selector, severity_named

        select = tuple(selector(word) for word in _words(self.select))
        if self.select and not select:
            raise BadUsage("--select names no rule")
        pairs = [pair.partition("=") for pair in _words(self.severity)]
        for word, equals, _ in pairs:
            if not equals:
                raise BadUsage(f'--severity "{word}" has no "="', hint="write CODE=SEVERITY, such as BK302=error")
        return Choice(
            select=select if self.select else None,
            ignore=tuple(selector(word) for word in _words(self.ignore)),
            severity=tuple((selector(word), severity_named(wanted)) for word, _, wanted in pairs),
            fail_on=Severity(self.fail_on) if self.fail_on else None,
            api=self.api,
        )


class Chosen:
    """Which rules are asked of each bundle, by the command line and the settings that count there."""

    def __init__(self, asked: Asked) -> None:
        """Take what is typed.

        Raises:
            BadUsage: it, or the file of settings that it names, makes no sense.
            Unreadable: that file cannot be read.
        """
        from bundlekit.lint.settings import NearestSettings, read_settings

        if asked.config is not None and asked.no_config:
            raise BadUsage("--config and --no-config contradict each other")
        self._asked = asked
        self._choice = asked.choice()
        self._settings = read_settings(asked.config) if asked.config is not None else None
        self._nearest = NearestSettings()
        self._selections: dict[Path | None, Selection] = {}
        self._last: tuple[Path, Settings | None] | None = None  # a bundle's settings are asked for several times

    def of(self, place: Path) -> Selection:
        """Which rules are asked of the bundle that is the folder or the archive at a place.

        Raises:
            BadUsage: the settings that count there make no sense.
            Unreadable: they cannot be read.
        """
        from bundlekit.lint.selection import selection

        settings = self.settings_of(place)
        file = settings.file if settings is not None else None
        if file not in self._selections:
            weaker = (settings.choice,) if settings is not None else ()
            self._selections[file] = selection(*weaker, self._choice)
        ignores: tuple[PathIgnore, ...] = ()
        if settings is not None and settings.ignored:
            base = Path.cwd() if settings is self._settings else settings.file.parent
            ignores = settings.path_ignores(place.resolve(), base)
        caches = settings is None or settings.caches
        return replace(self._selections[file], path_ignores=ignores, caches=caches)

    def baseline_of(self, place: Path) -> Path | None:
        """The file with the known findings that the settings name for the bundle at a place, if they do.

        Raises:
            BadUsage: the settings that count there make no sense.
            Unreadable: they cannot be read.
        """
        settings = self.settings_of(place)
        return settings.baseline if settings is not None else None

    def settings_of(self, place: Path) -> Settings | None:
        """The settings that count for the bundle at a place. Those that somebody else can write are told and left out.

        Raises:
            BadUsage: they make no sense.
            Unreadable: they cannot be read.
        """
        if self._settings is not None or self._asked.no_config:
            return self._settings
        if self._last is None or self._last[0] != place:
            try:
                self._last = place, self._nearest.of(place.resolve())
            finally:
                _tell_left_out(self._nearest.left_out)
        return self._last[1]


def _tell_left_out(files: dict[Path, str]) -> None:
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

        explain(tuple(_words(words)))
        context.exit()


def _words(given: tuple[str, ...]) -> Iterator[str]:
    for text in given:
        yield from (word.strip() for word in text.split(",") if word.strip())
