"""Which rules are asked, and how bad their findings are: what somebody chose, worked out for each rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bundlekit.bundle.gateway_resources import API
from bundlekit.errors import BadUsage
from bundlekit.lint.catalogue import CatalogueEntry, catalogue
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.finding import Finding, Severity
from bundlekit.quoting import quoted

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

OFF = "off"
ALL = "ALL"

_WHOLE = 100  # more than the characters of a prefix can be, so that a whole name wins


@dataclass(frozen=True, slots=True)
class Selector:
    """Some rules.

    Attributes:
        codes: of the rules.
        closeness: grows the fewer rules are meant: a name or a whole code beats a prefix.
    """

    codes: frozenset[str]
    closeness: int


def selector(word: str) -> Selector:
    """The rules that a word means: a code (`BK306`), a name (`no-methods`), a prefix of codes (`BK3`) or `ALL`.

    Raises:
        BadUsage: it means none.
    """
    upper, lower = word.strip().upper(), word.strip().lower()
    if upper == ALL:
        return Selector(frozenset(rule.code for rule in catalogue()), 0)
    for rule in catalogue():
        if lower == rule.name or upper == rule.code:
            return Selector(frozenset({rule.code}), _WHOLE)
    codes = frozenset(rule.code for rule in catalogue() if upper.startswith("BK") and rule.code.startswith(upper))
    if not codes:
        first = catalogue()[0]
        hint = near(word) or f"write a code ({first.code}), a prefix (BK1) or a name ({first.name})"
        raise BadUsage(f"there is no rule {quoted(word)}", hint=hint)
    return Selector(codes, len(upper))


def near(word: str) -> str | None:
    """A question for somebody who wrote a word that means no rule: whether it was this one."""
    close = alike(word.strip().lower(), [rule.name for rule in catalogue()])
    close = close or alike(word.strip().upper(), [rule.code for rule in catalogue()])
    return f"did you mean {close}?" if close else None


@dataclass(frozen=True, slots=True)
class Choice:
    """What one place, the command line or a file of settings, says.

    Attributes:
        select: the rules that are asked; None leaves that to the place that this one is stronger than.
        ignore: those that are not.
        severity: of their findings; None turns them off.
        fail_on: the severity from which on findings fail the check; None leaves it.
        api: the version of the gateway's API; None leaves it.
    """

    select: tuple[Selector, ...] | None = None
    ignore: tuple[Selector, ...] = ()
    severity: tuple[tuple[Selector, Severity | None], ...] = ()
    fail_on: Severity | None = None
    api: str | None = None


@dataclass(frozen=True, slots=True)
class PathIgnore:
    """Rules that are not told of in some files of a bundle.

    Attributes:
        under: where the bundle lies, by the folder that the patterns are relative to.
        patterns: of the files.
        codes: of the rules.
    """

    under: PurePosixPath
    patterns: GitIgnoreSpec
    codes: frozenset[str]

    def covers(self, code: str, path: str) -> bool:
        """Whether a rule is not told of in the file with that path in the bundle."""
        return code in self.codes and self.patterns.match_file(str(self.under / path))


@dataclass(frozen=True, slots=True)
class Selection:
    """What counts in a check.

    Attributes:
        severities: of the rules that are asked, by code.
        fail_on: the severity from which on findings fail the check.
        path_ignores: what is not told all the same.
        api: the version of the gateway's API, a key of `GATEWAY_RESOURCES`.
        caches: whether what is found may be kept, and told again while nothing has changed.
    """

    severities: Mapping[str, Severity]
    fail_on: Severity = Severity.ERROR
    path_ignores: tuple[PathIgnore, ...] = ()
    api: str = API
    caches: bool = True

    def tells(self, code: str, path: str) -> bool:
        """Whether a finding of a rule is told in the file with that path in the bundle."""
        return not any(one.covers(code, path) for one in self.path_ignores)

    def fails(self, findings: Iterable[Finding]) -> bool:
        """Whether there is a finding for which the check fails."""
        return any(finding.severity.is_at_least(self.fail_on) for finding in findings)


def selection(*choices: Choice) -> Selection:
    """What counts by some choices, from the weakest to the strongest.

    In one place the closest word for a rule wins, and to ignore it where two are as close. A stronger place that
    selects rules starts anew: what weaker ones ignore or turn off is asked if it is selected there.
    """
    severities = {rule.code: _severity(rule, choices) for rule in catalogue()}
    fail_on = [choice.fail_on for choice in choices if choice.fail_on is not None]
    return Selection(
        {code: severity for code, severity in severities.items() if severity is not None},
        fail_on[-1] if fail_on else Severity.ERROR,
        api=next((choice.api for choice in reversed(choices) if choice.api is not None), API),
    )


def severity_named(word: str) -> Severity | None:
    """The severity of that name; None for `off`.

    Raises:
        BadUsage: there is none of that name.
    """
    names = [*(one.value for one in Severity), OFF]
    if word not in names:
        raise BadUsage(f"there is no severity {quoted(word)}", hint=f"one of {', '.join(names)}")
    return None if word == OFF else Severity(word)


def _severity(rule: CatalogueEntry, choices: Iterable[Choice]) -> Severity | None:
    is_asked, is_off, severity = True, False, rule.severity
    for choice in choices:
        ignored = _closeness(rule, choice.ignore)
        if choice.select is not None:
            is_asked, is_off = _closeness(rule, choice.select) > ignored, False
        elif ignored >= 0:
            is_asked = False
        said = [(one.closeness, wanted) for one, wanted in choice.severity if rule.code in one.codes]
        if said:
            _, wanted = max(said, key=lambda pair: pair[0])
            is_off, severity = wanted is None, wanted or severity
    return severity if is_asked and not is_off else None


def _closeness(rule: CatalogueEntry, selectors: Iterable[Selector]) -> int:
    return max((one.closeness for one in selectors if rule.code in one.codes), default=-1)
