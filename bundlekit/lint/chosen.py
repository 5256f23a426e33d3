"""Which rules count for a bundle: what somebody asks for, and the settings around the bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.lint.selection import Choice, PathIgnore, Selection
    from bundlekit.lint.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The choice as it is typed or called for.

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

        select = tuple(selector(word) for word in words_of(self.select))
        if self.select and not select:
            raise BadUsage("--select names no rule")
        pairs = [pair.partition("=") for pair in words_of(self.severity)]
        for word, equals, _ in pairs:
            if not equals:
                raise BadUsage(f'--severity "{word}" has no "="', hint="write CODE=SEVERITY, such as BK302=error")
        return Choice(
            select=select if self.select else None,
            ignore=tuple(selector(word) for word in words_of(self.ignore)),
            severity=tuple((selector(word), severity_named(wanted)) for word, _, wanted in pairs),
            fail_on=Severity(self.fail_on) if self.fail_on else None,
            api=self.api,
        )


class RuleChoice:
    """Which rules are asked of each bundle, by what is asked for and the settings that count there."""

    def __init__(self, asked: Asked, tell: Callable[[Mapping[Path, str]], None] = lambda _: None) -> None:
        """Take what is asked for.

        Args:
            asked: by the caller.
            tell: hears of `left_out` each time that settings are looked for.

        Raises:
            BadUsage: it, or the file of settings that it names, makes no sense.
            Unreadable: that file cannot be read.
        """
        from bundlekit.lint.settings import NearestSettings, read_settings

        if asked.config is not None and asked.no_config:
            raise BadUsage("a file of settings (--config) and no settings (--no-config) contradict each other")
        self._asked = asked
        self._tell = tell
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

    @property
    def left_out(self) -> Mapping[Path, str]:
        """The files of settings that were met and do not count, and why."""
        return self._nearest.left_out

    def settings_of(self, place: Path) -> Settings | None:
        """The settings that count for the bundle at a place. Those that somebody else can write are left out.

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
                self._tell(self.left_out)
        return self._last[1]


def words_of(given: tuple[str, ...]) -> Iterator[str]:
    """The words in texts that have several of them with commas between."""
    for text in given:
        yield from (word.strip() for word in text.split(",") if word.strip())
