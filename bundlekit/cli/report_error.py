"""How an error looks to the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bundlekit import __version__
from bundlekit.errors import BundlekitError
from bundlekit.quoting import printable


def show(error: BundlekitError) -> int:
    """Print an error on standard error: the message first, then what was kept, then what to do.

    What bundles, file names and gateways put into it cannot steer the terminal.

    Returns:
        The exit code of the error.
    """
    click.echo(click.style("error: ", fg="red", bold=True) + printable(error.message), err=True)
    for line in error.details:
        click.echo(f"  | {printable(line.expandtabs())}", err=True)
    if error.kept:
        click.echo(click.style(" kept: ", fg="green", bold=True) + printable(error.kept), err=True)
    if error.hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True) + printable(error.hint), err=True)
    return error.exit_code


def note(text: str) -> None:
    """Print something good to know on standard error, which cannot steer the terminal."""
    click.echo(click.style("note: ", fg="yellow") + printable(text), err=True)


def is_reader_gone() -> bool:
    """Whether whoever read our output has enough of it (`bundlekit logs | head`).

    If so, nothing is said of it any more, not at the exit of Python either.
    """
    import select

    if not hasattr(select, "poll"):  # Windows
        return False
    outputs = select.poll()
    for descriptor in (1, 2):
        outputs.register(descriptor, 0)  # the end of a reader is told unasked
    if not outputs.poll(0):
        return False
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - must outlive this function
    return True


def drop_output() -> None:
    """Let what is not written yet go nowhere, as its file is full: Python would try again at its exit, and fail."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - not a path of anybody's
        os.dup2(nowhere.fileno(), 1)


def crash(error: BaseException, arguments: Sequence[str]) -> int:
    """Write a report of a fault of ours and say where it is. Values of variables stay out of it.

    Returns:
        3: could not run.
    """
    import platform
    import traceback

    report = "\n".join(
        [
            f"bundlekit {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {list(arguments)!r}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    click.echo(
        click.style("error: ", fg="red", bold=True)
        + f"bundlekit failed with {type(error).__name__}, and that is a fault of bundlekit, not yours",
        err=True,
    )
    try:
        place = _write_report(report)
    except OSError:
        click.echo(report, err=True)
    else:
        click.echo(
            click.style(" hint: ", fg="cyan", bold=True)
            + f"please send {place} with a bug report; it holds the command line and no file's content",
            err=True,
        )
    return 3


def _write_report(report: str) -> Path:
    import time

    from platformdirs import user_state_path

    folder = user_state_path("bundlekit", appauthor=False, ensure_exists=True)
    place = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    place.touch(mode=0o600)
    place.write_text(report, encoding="utf-8")
    return place
