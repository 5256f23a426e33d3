"""A document that a verb makes: printed, or written to a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TextIO

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
    """
    try:
        is_device = follows_links and (
            os.path.abspath(place).startswith(("/dev/", "/proc/")) or (place.exists() and not place.is_file())  # noqa: PTH100 - links in it are to stay
        )
        real = Path(os.path.realpath(place)) if follows_links else place
        with _open(place) if is_device else _replacing(real) as stream:
            yield stream
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}") from error


@contextlib.contextmanager
def _replacing(place: Path) -> Iterator[TextIO]:
    import secrets  # brings OpenSSL, which a check does not need

    draft = place.with_name(f".bundlekit-{secrets.token_hex(4)}")
    try:
        with _open(draft, "x") as stream:
            yield stream
        if place.is_file() and not place.is_symlink():
            draft.chmod(place.stat().st_mode & 0o777)
        draft.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _open(place: Path, mode: Literal["w", "x"] = "w") -> TextIO:
    return place.open(mode, encoding="utf-8", errors="backslashreplace")
