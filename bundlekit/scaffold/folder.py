"""Making a folder whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from bundlekit.errors import CouldNotRun, Taken, reason_of

_IN_THE_WAY = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}


def refuse_taken(target: Path) -> None:
    """Check that nothing is there yet, not even a broken link.

    Raises:
        Taken: something is.
    """
    if os.path.lexists(target):
        raise Taken(f"{target} is there already", kept="it was not touched", hint="take another name or --output-dir")


def made_in(parent: Path, render: Callable[[Path], Path]) -> Path:
    """Let a folder be rendered out of sight, then show it as a whole. Whatever fails, nothing stays behind.

    Args:
        parent: where it goes; it is made if it is not there.
        render: makes the folder somewhere in the folder that it gets, and returns it.

    Returns:
        Where it is now.

    Raises:
        Taken: there is something of its name already.
        CouldNotRun: the disk is full, or writing is not allowed there.
    """
    with _there(parent), scratch(parent) as hidden:
        rendered = render(hidden)
        target = parent / rendered.name
        refuse_taken(target)
        try:
            rendered.rename(target)
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                refuse_taken(target)
            raise
    return target


@contextmanager
def _there(folder: Path) -> Iterator[None]:
    """Make a folder and those around it where they are not there; whatever fails then, they are gone again."""
    missing = list(takewhile(lambda one: not one.exists(), (folder, *folder.parents)))
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CouldNotRun(f"cannot make {folder}: {error.strerror}", kept="nothing was made") from error
        yield
    except BaseException:
        for one in missing:
            with suppress(OSError):  # somebody else has put something there
                one.rmdir()
        raise


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A folder that is gone afterwards, in `parent` or where the system keeps such folders.

    Raises:
        CouldNotRun: something could not be written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".bundlekit-new-", dir=parent) as folder:
            yield Path(folder)
    except OSError as error:
        where = parent or tempfile.gettempdir()
        raise CouldNotRun(f"cannot write in {where}: {reason_of(error)}", kept="nothing was made") from error


def previewed(parent: Path, render: Callable[[Path], Path]) -> tuple[str, dict[str, bytes]]:
    """What `made_in` would make, without a trace in `parent`.

    Returns:
        The folder's name, and the content of the files in it by their paths in it.

    Raises:
        Taken, CouldNotRun: as `made_in` does.
    """
    with scratch() as hidden:
        rendered = render(hidden)
        refuse_taken(parent / rendered.name)
        files = [path for path in rendered.rglob("*") if path.is_file()]
        return rendered.name, {path.relative_to(rendered).as_posix(): path.read_bytes() for path in files}
