"""The entry point: finds the verb, runs it, and turns every error into a message and an exit code."""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

import click

from bundlekit import __version__
from bundlekit.cli.looks import has_colours
from bundlekit.cli.summaries import SUMMARIES
from bundlekit.errors import BundlekitError, CouldNotRun, Interrupted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Set by a shell that completes a command line; `bundlekit completion` prints the scripts that do.
COMPLETION = "_BUNDLEKIT_COMPLETE"

_READER_GONE = 141  # as of a program that SIGPIPE ends; 0 would say that `validate` has found nothing

_GARBAGE = 20_000  # objects until garbage is looked for; by Python's default, of 700, that takes an eighth of the time

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

# Python looks for garbage once more as it ends, in all that was ever imported, for as long as a fast verb works.
atexit.register(gc.freeze)


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is asked for, not to list or complete its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUMMARIES:
            return None
        command = importlib.import_module(f"bundlekit.cli.commands.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a fault of ours, not of the user's
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:  # click knows only verbs that are imported
            from difflib import get_close_matches

            near = " or ".join(map(repr, get_close_matches(args[0], SUMMARIES)))
            raise click.UsageError(f"{error.message} Did you mean {near}?" if near else error.message, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=text) for name, text in SUMMARIES.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


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
    gc.set_threshold(_GARBAGE)
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None where they are closed
    if isinstance(sys.stdout, TextIOWrapper):  # what a terminal cannot show is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    if os.environ.get(COMPLETION):
        cli.main(prog_name="bundlekit", complete_var=COMPLETION)  # answers the shell and exits
    with click.Context(cli, color=has_colours()).scope():  # for errors, which are shown after the verb's own has ended
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        # Not by `cli.main`, which takes every broken pipe for one of standard output, a gateway's too.
        with cli.make_context("bundlekit", list(arguments), color=has_colours()) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _told(Interrupted("interrupted"), arguments)
    except Exception as error:
        return _told(error, arguments)
    return result if isinstance(result, int) else 0


def _told(error: Exception, arguments: Sequence[str]) -> int:
    """Say what went wrong; the exit code."""
    from bundlekit.cli import report_error

    if isinstance(error, BundlekitError):
        return report_error.show(error)
    if isinstance(error, BrokenPipeError) and report_error.is_reader_gone():
        return _READER_GONE
    if isinstance(error, OSError) and error.errno in _FULL:
        if not error.filename:
            report_error.drop_output()
        return report_error.show(CouldNotRun(f"cannot write {error.filename or 'the output'}: {error.strerror}"))
    if isinstance(error, FileNotFoundError) and _is_folder_gone():
        return report_error.show(CouldNotRun("the folder in which this runs is gone", hint="change to another folder"))
    return report_error.crash(error, arguments)


def _nowhere() -> TextIO:
    return open(os.devnull, "w")  # noqa: PTH123 - as a standard stream it outlives this function


def _is_folder_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - a path of no use
    except FileNotFoundError:
        return True
    return False
