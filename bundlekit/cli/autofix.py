"""Corrections: shown as a diff, or written into the files of a bundle."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun
from bundlekit.io import CLOEXEC, DIRECTORY, NOFOLLOW, NONBLOCK, replacing
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.lint.selection import Selection


def mend(bundle: Bundle, place: Path, selection: Selection, *, unsafe: bool) -> Bundle:
    """Write the corrections of a bundle into its files, and tell how many.

    Args:
        bundle: in a folder.
        place: where that really lies.
        selection: which rules are asked.
        unsafe: whether those that are not safe are made too.

    Returns:
        The bundle as it is now.

    Raises:
        CouldNotRun: a file cannot be written or renamed; it is as it was.
    """
    from bundlekit.lint.fixing import fix

    fixed = fix(bundle, selection, unsafe=unsafe)
    done: list[str] = []
    try:
        for path, (before, after) in fixed.contents.items():
            _write(place / path, bundle.shown(path), before, after)
            done.append(f"{bundle.shown(path)} is mended")
        for old, new in fixed.renames.items():
            _rename(place, bundle, old, new)
            done.append(f"{bundle.shown(old)} is {bundle.shown(new)} now")
    except CouldNotRun as error:
        kept = "; ".join([*filter(None, [error.kept]), *done])
        raise CouldNotRun(error.message, kept=kept, hint=error.hint) from error
    for old, new in fixed.renames.items():
        click.echo(f"renamed: {printable(bundle.shown(old))} to {printable(bundle.shown(new))}", err=True)
    if fixed.count:
        findings = "1 finding" if fixed.count == 1 else f"{fixed.count} findings"
        click.echo(f"{click.style('fixed:', fg='green')} {findings} in {printable(bundle.label)}", err=True)
    return Bundle.in_folder(Path(bundle.label)) if done else bundle


def show_fixes(bundle: Bundle, selection: Selection, *, unsafe: bool) -> bool:
    """Print what `mend` would change, as a unified diff.

    Args:
        bundle: in a folder.
        selection: which rules are asked.
        unsafe: whether those that are not safe are shown too.

    Returns:
        Whether it would change anything.
    """
    from bundlekit.lint.fixing import fix

    fixed = fix(bundle, selection, unsafe=unsafe)
    for path, contents in fixed.contents.items():
        before, after = (content.decode("utf-8").splitlines(keepends=True) for content in contents)
        name = bundle.shown(path).encode("utf-8", "backslashreplace").decode("utf-8")
        for line in difflib.unified_diff(before, after, name, name):
            text, end = (line, "") if line.endswith("\n") else (line, "\n\\ No newline at end of file\n")
            click.echo((_plain(text) if sys.stdout.isatty() else text) + end, nl=False)
    for old, new in fixed.renames.items():
        click.echo("\n".join(_git_rename(bundle.shown(old), bundle.shown(new))))
    return bool(fixed.contents or fixed.renames)


def _git_rename(old: str, new: str) -> Iterator[str]:
    """A rename as `git apply -p0` and `patch -p0` take it."""
    old, new = printable(old), printable(new)
    yield f"diff --git {old} {new}"
    yield "similarity index 100%"
    yield f"rename from {old}"
    yield f"rename to {new}"


def _plain(line: str) -> str:
    return "\t".join(printable(part) for part in line.removesuffix("\n").split("\t")) + "\n" * line.endswith("\n")


def _write(place: Path, shown: str, before: bytes, after: bytes) -> None:
    """Put new content in the place of what a file had, whole or not at all, and never through a link."""
    try:
        descriptor = os.open(place, os.O_RDWR | NOFOLLOW | NONBLOCK | CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or stream.read() != before:
                raise CouldNotRun(f"{shown} has changed meanwhile", kept="it was left as it is")
        with replacing(place, like=status) as stream:
            stream.write(after)
    except OSError as error:
        raise CouldNotRun(f"cannot write {shown}: {error.strerror}", kept="it was left as it is") from error


def _rename(place: Path, bundle: Bundle, old: str, new: str) -> None:
    """Give a file another name in its folder: never one that is taken, never through a link, never none in between.

    Args:
        place: where the bundle really lies.
        bundle: as messages call it.
        old: the file's path in it.
        new: the path that it gets, in the same folder.
    """
    folder, _, before = old.rpartition("/")
    after = new.rpartition("/")[2]
    if os.open not in os.supports_dir_fd:  # Windows, whose rename never takes a name that is taken
        _rename_at_once(place, bundle, old, new)
        return
    try:
        descriptor = os.open(place / folder, os.O_RDONLY | DIRECTORY | NOFOLLOW | CLOEXEC)
        try:
            if not stat.S_ISREG(os.stat(before, dir_fd=descriptor, follow_symlinks=False).st_mode):
                raise CouldNotRun(f"{bundle.shown(old)} has changed meanwhile", kept="it was left as it is")
            _give_name(descriptor, before, after)
            try:
                os.unlink(before, dir_fd=descriptor)
            except OSError:
                os.unlink(after, dir_fd=descriptor)
                raise
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileExistsError as error:
        raise CouldNotRun(
            f"cannot rename {bundle.shown(old)}: there is a {bundle.shown(new)}", kept="both were left as they are"
        ) from error
    except OSError as error:
        raise CouldNotRun(
            f"cannot rename {bundle.shown(old)}: {error.strerror}", kept="it was left as it is"
        ) from error


def _rename_at_once(place: Path, bundle: Bundle, old: str, new: str) -> None:
    try:
        if (place / new).exists():
            raise CouldNotRun(
                f"cannot rename {bundle.shown(old)}: there is a {bundle.shown(new)}", kept="both were left as they are"
            )
        (place / old).rename(place / new)
    except OSError as error:
        raise CouldNotRun(
            f"cannot rename {bundle.shown(old)}: {error.strerror}", kept="it was left as it is"
        ) from error


def _give_name(folder: int, old: str, new: str) -> None:
    """Have a file under a second name; a copy where the disk knows no second names."""
    try:
        os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        source = os.open(old, os.O_RDONLY | NOFOLLOW | NONBLOCK | CLOEXEC, dir_fd=folder)
        with os.fdopen(source, "rb") as stream:
            mode = stat.S_IMODE(os.fstat(source).st_mode)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW | CLOEXEC
            target = os.open(new, flags, mode, dir_fd=folder)
            try:
                with os.fdopen(target, "wb") as copy:
                    shutil.copyfileobj(stream, copy)
                    copy.flush()
                    os.fsync(copy.fileno())
            except OSError:
                os.unlink(new, dir_fd=folder)
                raise
