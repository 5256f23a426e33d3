"""What a command line chooses of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.lint.selection import Choice, Selection


@dataclass(frozen=True)
class Asked:
    """The choice as it is typed.

    Attributes:
        select: words for rules, several of them in one with commas between; empty if not given.
        ignore: likewise.
        severity: `CODE=SEVERITY`, likewise.
        fail_on: a severity.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    fail_on: str | None = None

    def selection(self) -> Selection:
        """Which rules are asked.

        Raises:
            BadUsage: a word means no rule, or no severity.
        """
        from bundlekit.lint.selection import selection

        return selection(self._choice())

    def _choice(self) -> Choice:
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
        )


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that choose rules; it gets them as one `asked`."""

    @wraps(function)
    def gathered(
        *,
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        severity: tuple[str, ...],
        fail_on: str | None,
        **others: Any,
    ) -> Any:
        return function(asked=Asked(select, ignore, severity, fail_on), **others)

    for decorate in (
        click.option("--fail-on", type=click.Choice(["error", "warning", "info"]),
                     help="Findings from this severity on fail the check; by default errors."),
        click.option("--severity", multiple=True, metavar="CODE=SEVERITY",
                     help="How bad the findings of a rule are: error, warning, info, or off."),
        click.option("--ignore", multiple=True, metavar="CODES", help="The rules that are not asked."),
        click.option("--select", multiple=True, metavar="CODES",
                     help="The only rules to ask: codes (BK302), prefixes (BK3) or names, with commas between."),
    ):  # fmt: skip
        gathered = decorate(gathered)
    return gathered


def _words(given: tuple[str, ...]) -> Iterator[str]:
    for text in given:
        yield from (word.strip() for word in text.split(",") if word.strip())
