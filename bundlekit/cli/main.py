"""The entry point: finds the verb, runs it, and turns every error into a message and an exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from bundlekit import __version__
from bundlekit.cli import report_error
from bundlekit.errors import BundlekitError, Interrupted

# In the order in which a bundle lives; `--help` keeps it.
VERBS = (
    "new",
    "pack",
    "deploy",
    "status",
    "logs",
    "start",
    "stop",
    "restart",
    "releases",
    "rollback",
    "remove",
    "completion",
)


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is asked for, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"bundlekit.cli.{cmd_name}").command
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
        The exit code: 0 good, 1 findings or rolled back, 2 usage, 3 could not run, 4 the gateway needs a
        human, 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = cli.main(arguments, prog_name="bundlekit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return report_error.show(Interrupted("interrupted"))
    except BundlekitError as error:
        return report_error.show(error)
    except BrokenPipeError:
        return report_error.reader_is_gone()
    except Exception as error:
        return report_error.crash(error, arguments)
    return result if isinstance(result, int) else 0
