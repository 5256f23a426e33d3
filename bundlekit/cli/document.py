"""A document that a verb makes: printed, or written to a file."""

from __future__ import annotations

from pathlib import Path

import click

from bundlekit.errors import CouldNotRun


def put(text: str, output: Path | None) -> None:
    """Print a document, or write it to a file.

    Args:
        text: the document, without the last line's end.
        output: the file; standard output by default.

    Raises:
        CouldNotRun: the file cannot be written.
    """
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CouldNotRun(f"cannot write {output}: {error.strerror}") from error
