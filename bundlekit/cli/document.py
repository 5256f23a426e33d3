"""A document that a verb makes: printed, or written to a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from bundlekit.bundle.bundle import MAIN, MANIFEST
from bundlekit.errors import CouldNotRun, Taken
from bundlekit.io import replacing

_UNENCODABLE = "backslashreplace"


def put(text: str, output: Path | None) -> None:
    """Print a document, or write it to a file.

    Args:
        text: the document, without the last line's end.
        output: the file; standard output by default.

    Raises:
        CouldNotRun: the file cannot be written.
        Taken: the file is one that only an author of a bundle writes.
    """
    if output is None:
        click.echo(text)
        return
    with writing(output) as stream:
        stream.write(text + "\n")


@contextlib.contextmanager
def writing(place: Path, *, follows_links: bool = True) -> Iterator[TextIO]:
    """A file to be written. What it was before stays until all is written, and whatever ends that early.

    Args:
        place: the file.
        follows_links: whether what a link or a device leads to is written; else the link itself is replaced.

    Raises:
        CouldNotRun: it cannot be written.
        Taken: it is a file that only an author of a bundle writes.
    """
    if place.is_file() and (place.name in (MANIFEST, MAIN) or place.name.endswith(".json.factory")):
        raise Taken(f"{place} is a file of a bundle", kept="it was not touched", hint="write to another file")
    try:
        is_device = follows_links and (
            os.path.abspath(place).startswith(("/dev/", "/proc/")) or (place.exists() and not place.is_file())  # noqa: PTH100 - links in it are to stay
        )
        real = Path(os.path.realpath(place)) if follows_links else place
        with place.open("w", encoding="utf-8", errors=_UNENCODABLE) if is_device else _replacing(real) as stream:
            yield stream
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}") from error


@contextlib.contextmanager
def _replacing(place: Path) -> Iterator[TextIO]:
    like = place.stat() if place.is_file() and not place.is_symlink() else None
    with replacing(place, like=like) as stream:
        text = TextIOWrapper(stream, encoding="utf-8", errors=_UNENCODABLE)
        yield text
        text.detach()  # flushes; `stream` is closed by whoever opened it
