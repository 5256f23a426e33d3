"""What `bundlekit update --diff` shows."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from bundlekit.quoting import for_terminal, printable
from bundlekit.scaffold.merge import FileChange
from bundlekit.scaffold.template_record import TemplateFile


def show_diff(folder: Path, changes: Iterable[FileChange]) -> None:
    """Print what an update would change in the files of a bundle, as a unified diff.

    Args:
        folder: of the bundle.
        changes: of its files.
    """
    for change in changes:
        name = printable(str(folder / change.path))
        if change.why:
            click.echo(printable(f"{name}: {change.kind.value}, {change.why}"), err=True)
        if change.ours == change.result:
            continue
        if b"\0" in (change.ours.content if change.ours else b"") + (change.result.content if change.result else b""):
            click.echo(f"Binary files a/{name} and b/{name} differ")
            continue
        before, after = _lines(change.ours), _lines(change.result)
        old, new = (f"a/{name}" if change.ours else "/dev/null"), (f"b/{name}" if change.result else "/dev/null")
        for line in difflib.unified_diff(before, after, old, new):
            text = for_terminal(line) if sys.stdout.isatty() else line
            click.echo(text if line.endswith("\n") else f"{text}\n\\ No newline at end of file\n", nl=False)


def _lines(file: TemplateFile | None) -> list[str]:
    return file.content.decode("utf-8", "backslashreplace").splitlines(keepends=True) if file else []
