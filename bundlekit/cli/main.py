"""The entry point: finds the verb, runs it, and turns every error into a message and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO

import click

from bundlekit import __version__
from bundlekit.cli import report_error
from bundlekit.errors import BundlekitError, CouldNotRun, Interrupted

# In the order in which a bundle lives; `--help` keeps it.
VERBS = (
    "new",
    "validate",
    "rules",
    "run",
    "pack",
    "gateway",
    "login",
    "doctor",
    "deploy",
    "adopt",
    "status",
    "logs",
    "history",
    "start",
    "stop",
    "restart",
    "releases",
    "fetch",
    "rollback",
    "remove",
    "api",
    "verify",
    "export",
    "schema",
    "completion",
)

# Set by a shell that completes a command line; `bundlekit completion` prints the scripts that do.
COMPLETION = "_BUNDLEKIT_COMPLETE"

_READER_GONE = 141  # as of a program that SIGPIPE ends; 0 would say that `validate` has found nothing

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is asked for, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"bundlekit.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a fault of ours, not of the user's
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bundlekit", message="%(prog)s %(version)s")
def cli() -> None:
    """Make, check, pack and deploy bundles for Moxa ThingsPro gateways.

    \b
    bundlekit new --name thermostat --resource /thermostat:get,put --no-input
    bundlekit validate thermostat
    bundlekit deploy moxa@192.168.4.127 --bundle thermostat
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name; by default those of this process.

    Returns:
        The exit code; see `bundlekit.errors.EXIT_CODES`.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None where they are closed
    if isinstance(sys.stdout, TextIOWrapper):  # what a terminal cannot show is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    if os.environ.get(COMPLETION):
        cli.main(prog_name="bundlekit", complete_var=COMPLETION)  # answers the shell and exits
    try:
        # Not by `cli.main`, which takes every broken pipe for one of standard output, a gateway's too.
        with cli.make_context("bundlekit", list(arguments)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return report_error.show(Interrupted("interrupted"))
    except BundlekitError as error:
        return report_error.show(error)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and report_error.is_reader_gone():
            return _READER_GONE
        if isinstance(error, OSError) and error.errno in _FULL:
            if not error.filename:
                report_error.drop_output()
            return report_error.show(CouldNotRun(f"cannot write {error.filename or 'the output'}: {error.strerror}"))
        if isinstance(error, FileNotFoundError) and _is_folder_gone():
            return report_error.show(CouldNotRun("the folder in which this runs is gone", hint="change to another one"))
        return report_error.crash(error, arguments)
    return result if isinstance(result, int) else 0


def _nowhere() -> TextIO:
    return open(os.devnull, "w")  # noqa: PTH123 - as a standard stream it outlives this function


def _is_folder_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - a path of no use
    except FileNotFoundError:
        return True
    return False
