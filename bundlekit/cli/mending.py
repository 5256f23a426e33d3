"""Safe fixes: shown as a diff, or written into the files of a bundle."""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.bundle.quoting import printable
from bundlekit.errors import CouldNotRun

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.lint.selection import Selection


def mend(bundle: Bundle, place: Path, selection: Selection) -> Bundle:
    """Write the safe fixes of a bundle into its files, and tell how many.

    Args:
        bundle: in a folder.
        place: where that really lies.
        selection: which rules are asked.

    Returns:
        The bundle as it is now.

    Raises:
        CouldNotRun: a file cannot be written; it is as it was.
    """
    from bundlekit.lint.fixing import fix

    fixed = fix(bundle, selection)
    for path, (before, after) in fixed.contents.items():
        _write(place / path, bundle.shown(path), before, after)
    if fixed.count:
        findings = "1 finding" if fixed.count == 1 else f"{fixed.count} findings"
        click.echo(f"{click.style('fixed:', fg='green')} {findings} in {printable(bundle.label)}", err=True)
    return fixed.bundle


def show_fixes(bundle: Bundle, selection: Selection) -> bool:
    """Print what `mend` would change, as a unified diff.

    Returns:
        Whether it would change anything.
    """
    from bundlekit.lint.fixing import fix

    fixed = fix(bundle, selection)
    for path, contents in fixed.contents.items():
        before, after = (content.decode("utf-8").splitlines(keepends=True) for content in contents)
        name = bundle.shown(path).encode("utf-8", "backslashreplace").decode("utf-8")
        for line in difflib.unified_diff(before, after, name, name):
            text, end = (line, "") if line.endswith("\n") else (line, "\n\\ No newline at end of file\n")
            click.echo((_plain(text) if sys.stdout.isatty() else text) + end, nl=False)
    return bool(fixed.contents)


def _plain(line: str) -> str:
    return "\t".join(printable(part) for part in line.removesuffix("\n").split("\t")) + "\n" * line.endswith("\n")


def _write(place: Path, shown: str, before: bytes, after: bytes) -> None:
    """Put new content in the place of what a file had, whole or not at all, and never through a link."""
    draft = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or stream.read() != before:
                raise CouldNotRun(f"{shown} has changed meanwhile", kept="it was left as it is")
        try:
            with draft.open("xb") as stream:
                os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
                with contextlib.suppress(OSError):
                    os.fchown(stream.fileno(), status.st_uid, status.st_gid)
                stream.write(after)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(place)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise CouldNotRun(f"cannot write {shown}: {error.strerror}", kept="it was left as it is") from error
