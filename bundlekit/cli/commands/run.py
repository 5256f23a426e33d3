"""`bundlekit run`."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from bundlekit.cli.emulation import emulation
from bundlekit.cli.systems import require_unix
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.emulator.address import SocketAddress
    from bundlekit.emulator.bundles.workshop import Workshop

_PORT = 8443  # 443 takes root
_MOVES = {"HTTPS": "--port", "HTTP": "--http-port", "MQTT": "--broker-port"}
_MQTT_PORT = 1883  # where the SDK of a bundle connects unless it is told otherwise
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class RunOptions:
    """What the command line says besides the bundles; a port is 0 for any free one, None for none."""

    python: str | None
    broker: str | None
    reload: bool
    in_place: bool
    port: int
    http_port: int | None
    mqtt_port: int | None
    strict: bool
    without: tuple[str, ...]


@verb(
    "run",
    examples="""
    bundlekit run  the bundle in this folder, or all bundles below it
    bundlekit run thermostat door-lock
    bundlekit run thermostat-1.0.0.tar.gz  the bundle in an archive
    bundlekit run --python python2.7  under the Python of real gateways
    bundlekit run --port 0 --no-reload  on any free port; saved files do not restart a bundle
    bundlekit run --broker 127.0.0.1:1883  with a mosquitto that runs already
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--python", metavar="PATH", help="The Python for the bundles; by default that of bundlekit.")
@click.option("--no-reload", is_flag=True, help="Do not restart a bundle when one of its files is saved.")
@click.option("--in-place", is_flag=True, help="Let bundles write into their own folders, not into a copy.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port of HTTPS; 0 for any free port.",
)
@click.option("--http-port", type=click.IntRange(0, 65535), help="Also answer plain HTTP, on this port.")
@click.option(
    "--broker-port",
    "--mqtt-port",
    "mqtt_port",
    type=click.IntRange(0, 65535),
    help="The port of the broker; by default 1883, as on a gateway, or any free port if 1883 is taken.",
)
@click.option("--broker", metavar="HOST:PORT", help="Use this MQTT broker, which runs already, and start none.")
@click.option(
    "--without",
    multiple=True,
    metavar="RESOURCE",
    help="Leave out a built-in resource of the gateway and all below it: its answers are merged with a bundle's.",
)
@click.option("--strict", is_flag=True, help="Always show the worst case of what a gateway does only sometimes.")
def command(
    *,
    paths: tuple[Path, ...],
    python: str | None,
    no_reload: bool,
    in_place: bool,
    port: int,
    http_port: int | None,
    mqtt_port: int | None,
    broker: str | None,
    without: tuple[str, ...],
    strict: bool,
) -> int:
    """Run the bundles of each PATH, folders or archives, by default those of this folder, with everything that a
    gateway offers them: broker, controller, REST API and a console in the browser. Only this machine can reach it.

    When you save a file, its bundle is restarted and keeps its settings. A crashed bundle waits for the next save.
    Bundles work in a copy of their folders, which is deleted at the end: they write nothing into your folders.

    The output of bundles goes to standard output, everything else to standard error. Ctrl-C ends everything; press it
    twice to end at once.

    Exit code: 0 you ended it, 1 with --no-reload, no bundle runs any more, 2 usage, 3 could not be done.
    """
    options = RunOptions(python, broker, not no_reload, in_place, port, http_port, mqtt_port, strict, without)
    return run(paths or (Path(),), options)


def run(paths: Sequence[Path], options: RunOptions) -> int:
    """Run bundles until the user ends it."""
    require_unix("run")
    with ExitStack() as unpacked:
        bundles = _bundles(paths, options, unpacked)
        _check(bundles.values())
        with emulation(_MOVES):
            return _run(_workshop(list(bundles), options))


def _bundles(paths: Sequence[Path], options: RunOptions, unpacked: ExitStack) -> dict[Path, Bundle]:
    """The bundles by their folders, each once; what is in an archive is unpacked into a folder for as long."""
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.bundle.search import bundle_folders
    from bundlekit.cli.bundles import is_archive

    found = {}
    for path in dict.fromkeys(paths):
        if is_archive(path):
            if options.in_place:
                raise BadUsage(f"{path} is an archive, in which nothing can be written", hint="leave --in-place out")
            from bundlekit.pack.reading import open_archive
            from bundlekit.pack.unpacking import unpack

            bundle = open_archive(path)
            folder = Path(unpacked.enter_context(TemporaryDirectory(prefix="bundlekit-"))).resolve()
            unpack(bundle, folder, settings=True)
            found[folder] = bundle
        else:
            found |= {folder.resolve(): Bundle.in_folder(folder) for folder in bundle_folders(path)}
    return found


def _check(bundles: Iterable[Bundle]) -> None:
    """Tell what `validate` would find. What a gateway may refuse is no reason not to try it here."""
    from bundlekit.bundle.bundle import MAIN
    from bundlekit.lint import Severity
    from bundlekit.lint.cache import Cache, cache_folder
    from bundlekit.lint.parallel import check_each
    from bundlekit.lint.selection import selection

    folder, chosen = cache_folder(), selection()
    jobs = ((bundle, bundle, chosen) for bundle in bundles)
    for bundle, found in check_each(jobs, cache=Cache(folder) if folder is not None else None):
        findings = [one for one in found if one.severity is not Severity.INFO]
        if findings:
            from bundlekit.cli.report_findings import write_text

            write_text(findings, err=True)
        # A folder without it is not run at all, which is told in its turn.
        if MAIN in bundle.files.entries and any(one.severity is Severity.ERROR for one in findings):
            click.echo(
                click.style("note: ", fg="yellow")
                + f"{printable(bundle.label)} is run all the same; no deploy takes it",
                err=True,
            )


def _workshop(folders: Sequence[Path], options: RunOptions) -> Workshop:
    from platformdirs import user_state_path

    from bundlekit.emulator.address import SocketAddress
    from bundlekit.emulator.bundles.workshop import Workshop
    from bundlekit.emulator.gateway import EmulatedGateway

    if options.broker is not None and options.mqtt_port is not None:
        raise BadUsage("--broker-port is for a new broker, and --broker names a running one")
    state = user_state_path("bundlekit", appauthor=False) / "run"
    gateway = EmulatedGateway(
        state,
        broker=_address(options.broker) if options.broker is not None else None,
        mqtt=SocketAddress(_LOOPBACK, _MQTT_PORT if options.mqtt_port is None else options.mqtt_port),
        any_mqtt=options.mqtt_port is None,
        listen=SocketAddress(_LOOPBACK, options.port),
        http=SocketAddress(_LOOPBACK, options.http_port) if options.http_port is not None else None,
        strict=options.strict,
        without=options.without,
    )
    return Workshop(gateway, folders, _python(options.python), options.reload, options.in_place)


def _address(text: str) -> SocketAddress:
    from bundlekit.emulator.address import SocketAddress

    try:
        return SocketAddress.parse(text)
    except ValueError as error:
        raise BadUsage(f"--broker: {error}") from error


def _python(given: str | None) -> str:
    if given is None:
        return sys.executable
    found = shutil.which(given)
    if found is None:
        raise BadUsage(f"there is no Python {given}", hint="--python takes a path, or a name that is found on PATH")
    return os.path.abspath(found)  # noqa: PTH100 - of a virtual environment the link counts


def _run(workshop: Workshop) -> int:
    from bundlekit.cli.run_terminal import RunTerminal

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    names = workshop.names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadUsage(
            f"{printable(twice)} is the name of two of these bundles",
            hint="the bundle that registers last would replace the other",
        )
    terminal = RunTerminal(names)
    workshop.gateway.log.listen(terminal.line)
    workshop.gateway.tell = terminal.report
    ended = asyncio.run(workshop.run(terminal, lambda: terminal.ways_in(workshop), terminal.ending))
    if terminal.failure and terminal.failure.errno != errno.EIO:  # of a terminal that was closed
        raise terminal.failure
    return 0 if ended else 1
