"""How an error looks to the user."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from bundlekit import __version__
from bundlekit.errors import BundlekitError


def show(error: BundlekitError) -> int:
    """Print an error on standard error: the message first, then what was kept, then what to do.

    Returns:
        The exit code of the error.
    """
    click.echo(click.style("error: ", fg="red", bold=True) + error.message, err=True)
    for line in error.details:
        click.echo(f"  | {line}", err=True)
    if error.kept:
        click.echo(click.style(" kept: ", fg="green", bold=True) + error.kept, err=True)
    if error.hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True) + error.hint, err=True)
    return error.exit_code


def reader_is_gone() -> int:
    """Whoever read our output has enough of it (`bundlekit logs | head`): no word, no traceback at exit."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - must outlive this function
    return 0


def crash(error: BaseException, arguments: Sequence[str]) -> int:
    """Write a report of a fault of ours and say where it is. Values of variables stay out of it.

    Returns:
        3: could not run.
    """
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
    from platformdirs import user_state_path

    folder = user_state_path("bundlekit", appauthor=False, ensure_exists=True)
    place = folder / time.strftime("crash-%Y%m%d-%H%M%S.txt")
    place.touch(mode=0o600)
    place.write_text(report, encoding="utf-8")
    return place
