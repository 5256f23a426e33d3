"""The baseline of a run of `validate`: the file with the findings that are known."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from bundlekit.cli.document import writing
from bundlekit.lint.baselines import Baselines
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.lint.baseline import Baseline

_MOST_TOLD = 20  # lines; more push the findings off the screen


class KnownFindings(Baselines):
    """Takes the findings that are known out of those of each bundle.

    As a context, it tells in the end what became of them.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.tell()

    def tell(self) -> None:
        """Tell what is known and what is gone, or write it down.

        Raises:
            CouldNotRun: a file cannot be written.
        """
        for file, baseline in self.each():
            self._tell(file, baseline)

    def _tell(self, file: Path, baseline: Baseline) -> None:
        from bundlekit.lint.baseline import called, written

        gone = baseline.gone
        if self._writes:
            renewed = baseline.renewed
            with writing(file, follows_links=file == self._file) as stream:
                stream.write(written(renewed))
            _note(f"{file} knows {_counted(renewed.total())}")
        elif baseline.met:
            _note(f"{_counted(baseline.met)} that {file} knows not shown")
        if gone:
            does = "taken out of" if self._writes else "gone; --write-baseline takes that out of"
            _note(f"{_counted(gone.total())} {does} {file}:")
            for line in islice(called(gone), _MOST_TOLD):
                click.echo(f"  {printable(line)}", err=True)
            if len(gone) > _MOST_TOLD:
                click.echo(f"  and {len(gone) - _MOST_TOLD} more", err=True)


def _note(text: str) -> None:
    click.echo(click.style("baseline: ", fg="cyan") + printable(text), err=True)


def _counted(number: int) -> str:
    return "1 finding" if number == 1 else f"{number} findings"
