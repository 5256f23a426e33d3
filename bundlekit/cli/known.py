"""The baseline of a run of `validate`: the file with the findings that are known."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.bundle.quoting import printable
from bundlekit.cli.document import writing
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.lint import Finding
    from bundlekit.lint.baseline import Baseline, Known
    from bundlekit.lint.selection import Selection

_LARGEST = 256 * 1024 * 1024
_MOST_TOLD = 20


class KnownFindings:
    """Takes the findings that are known out of those of each bundle."""

    def __init__(self, file: Path, baseline: Baseline, writes: bool) -> None:
        self._file = file
        self._folder = file.resolve().parent
        self._baseline = baseline
        self._writes = writes

    def new(
        self, place: str, bundle: Bundle, findings: Iterable[Finding], selection: Selection, only: str | None
    ) -> list[Finding]:
        """Those of a bundle's findings that are not known; none if the baseline is to be written.

        Args:
            place: where the bundle really lies; the others as for `Baseline.new`.
        """
        new = self._baseline.new(os.path.relpath(place, self._folder), bundle, findings, selection, only)
        return [] if self._writes else new

    def tell(self) -> None:
        """Tell what is known and what is gone, or write it down.

        Raises:
            CouldNotRun: the file cannot be written.
        """
        from bundlekit.lint.baseline import called, written

        gone = self._baseline.gone
        if self._writes:
            renewed = self._baseline.renewed
            with writing(self._file) as stream:
                stream.write(written(renewed))
            _note(f"{self._file} knows {_counted(renewed.total())}")
        elif self._baseline.met:
            _note(f"{_counted(self._baseline.met)} that {self._file} knows not shown")
        if gone:
            does = "taken out of" if self._writes else "gone; --write-baseline takes that out of"
            _note(f"{_counted(gone.total())} {does} {self._file}:")
            for line in islice(called(gone), _MOST_TOLD):
                click.echo(f"  {printable(line)}", err=True)
            if len(gone) > _MOST_TOLD:
                click.echo(f"  and {len(gone) - _MOST_TOLD} more", err=True)


@contextmanager
def known_findings(file: Path | None, *, writes: bool) -> Iterator[KnownFindings | None]:
    """The known findings in a file, to go through while the bundles are checked; what became of them is told after.

    Args:
        file: the baseline; None for none.
        writes: whether it is to be written, and need not be there.

    Raises:
        BadUsage: the file is not there or is no baseline.
        CouldNotRun: it cannot be read or written.
    """
    if file is None:
        if writes:
            raise BadUsage("--write-baseline needs --baseline FILE", hint="it says which file to write")
        yield None
        return
    from bundlekit.lint.baseline import Baseline

    known = KnownFindings(file, Baseline(_read(file, writes)), writes)
    yield known
    known.tell()


def _read(file: Path, writes: bool) -> Counter[Known]:
    from bundlekit.bundle.files import FolderFiles
    from bundlekit.lint.baseline import read

    if not os.path.lexists(file):
        if writes:
            return Counter()
        raise BadUsage(f"there is no {file}", hint="--write-baseline makes it")
    content = FolderFiles(file.parent).read(file.name, _LARGEST)
    try:
        return read(content.decode("utf-8", "replace"))
    except BadUsage as error:
        raise BadUsage(f"{file} is no baseline: {error.message}", hint=error.hint) from error


def _note(text: str) -> None:
    click.echo(click.style("baseline: ", fg="cyan") + printable(text), err=True)


def _counted(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"
