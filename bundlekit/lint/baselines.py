"""The baselines that count for bundles: the findings that are known there."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage, BundlekitError

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.lint.baseline import Baseline, BaselineEntry
    from bundlekit.lint.chosen import RuleChoice
    from bundlekit.lint.finding import Finding
    from bundlekit.lint.selection import Selection
    from bundlekit.lint.settings import Settings

_LARGEST = 256 * 1024 * 1024  # bytes, of about a million findings; a file by mistake must not fill the memory


class Baselines:
    """Takes the findings that are known out of those of each bundle."""

    def __init__(self, chosen: RuleChoice, file: Path | None = None, *, writes: bool = False) -> None:
        """Read the baseline that is named.

        Args:
            chosen: whose settings may name baselines.
            file: the baseline that counts in place of those; None for none.
            writes: whether they are to be written, and need not be there.

        Raises:
            BadUsage: the file is not there or is not a baseline.
            CouldNotRun: it cannot be read.
        """
        self._chosen = chosen
        self._file = file
        self._writes = writes
        self._baselines: dict[Path, Baseline | BundlekitError] = {}
        self._unnamed = BadUsage(
            "--write-baseline needs --baseline FILE, or baseline in the settings", hint="that says which file to write"
        )
        if file is not None:
            self._baseline(file)

    def expect(self, place: str) -> None:
        """Read the baseline that counts for the bundle that really lies at a place.

        Raises:
            BundlekitError: there is none to be written, or it cannot be read or is none; the same error again for each
                bundle that it counts for.
        """
        if self._of(place) is None and self._writes:
            raise self._unnamed

    def new(
        self, place: str, bundle: Bundle, findings: list[Finding], selection: Selection, only: str | None = None
    ) -> list[Finding]:
        """Those of a bundle's findings that are not known; none if the baseline is to be written.

        Args:
            place: the resolved path of the bundle.
            bundle: that was checked.
            findings: in it.
            selection: the rules that count.
            only: the one file that was checked; None if the whole bundle was.

        Raises:
            BundlekitError: as `expect` says.
        """
        found = self._of(place)
        if found is None:
            return findings
        file, baseline = found
        new = baseline.new(os.path.relpath(place, file.resolve().parent), bundle, findings, selection, only)
        return [] if self._writes else new

    def each(self) -> list[tuple[Path, Baseline]]:
        """Those that were read."""
        return [(file, one) for file, one in self._baselines.items() if not isinstance(one, BundlekitError)]

    def _of(self, place: str) -> tuple[Path, Baseline] | None:
        if self._file is not None:
            return self._file, self._baseline(self._file)
        settings = self._chosen.settings_of(Path(place))
        if settings is None or settings.baseline is None:
            return None
        return settings.baseline, self._baseline(settings.baseline, settings)

    def _baseline(self, file: Path, settings: Settings | None = None) -> Baseline:
        from bundlekit.lint.baseline import Baseline

        if file not in self._baselines:
            try:
                self._baselines[file] = Baseline(_read(file, self._writes, settings))
            except BundlekitError as error:
                self._baselines[file] = error
        found = self._baselines[file]
        if isinstance(found, BundlekitError):
            raise found
        return found


def _read(file: Path, writes: bool, settings: Settings | None) -> Counter[BaselineEntry]:
    from bundlekit.bundle.files import FolderFiles
    from bundlekit.lint.baseline import read

    is_there = os.path.lexists(file)
    if settings is not None:
        settings.check_baseline()  # after that look: what was there, and is safe, nobody else can replace any more
    if not is_there:
        if writes:
            return Counter()
        raise BadUsage(f"there is no {file}", hint="--write-baseline makes it")
    content = FolderFiles(file.parent).read(file.name, _LARGEST)
    try:
        return read(content.decode("utf-8", "replace"))
    except BadUsage as error:
        raise BadUsage(f"{file} is not a baseline: {error.message}", hint=error.hint) from error
