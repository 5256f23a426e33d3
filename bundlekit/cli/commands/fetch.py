"""`bundlekit fetch`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import Access, access_options, bundle_name, bundle_there, release_options, session_on
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.deploy.fetching import FetchSource
    from bundlekit.remote.session import Session


@verb(
    "fetch",
    examples="""
    bundlekit fetch moxa@192.168.4.127  the only bundle there, into a folder with its name
    bundlekit fetch moxa@192.168.4.127 --bundle thermostat -o from-site-7
    bundlekit fetch moxa@192.168.4.127 --release 0.2.0  an earlier release
    bundlekit fetch moxa@192.168.4.127 --with-settings  with the data/NAME.json of the gateway
    """,
)
@access_options
@release_options
@click.option("--by-hand", is_flag=True, help="The copy that was started by hand, even if the bundle is deployed too.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The folder to make; by default named as the bundle."
)
@click.option("--with-settings", "settings", is_flag=True, help="Fetch the settings too: data/NAME.json, .backup.")
def command(
    access: Access, bundle: str | None, release: str | None, *, by_hand: bool, output: Path | None, settings: bool
) -> int:
    """Bring a bundle from a gateway into a folder: the current release, another release, or a copy started by hand.

    Nothing on the gateway is changed. bundlekit never writes into a folder that is not empty. The settings stay on the
    gateway unless you ask for them, because they may contain passwords; only you can read the fetched settings.
    Compiled Python files and folders of version control are left out.

    Links, devices and paths that lead out of the folder are refused, and so is more than a gateway accepts.

    Exit code: 0 the bundle is in the folder, 1 it was refused, 2 usage, 3 could not be done.
    """

    from bundlekit.deploy.fetching import fetch
    from bundlekit.pack.unpacking import refuse_taken, unpack

    if by_hand and release:
        raise BadUsage("--by-hand and --release contradict each other: a copy that runs by hand is not a release")
    name = bundle_name(bundle) if bundle is not None else None
    if output is not None:
        refuse_taken(output)
    with session_on(access) as session:
        source = _source(session, name, release, by_hand=by_hand)
        folder = output or Path(source.name)
        refuse_taken(folder)
        found = fetch(session, source, TerminalListener(), settings=settings)
        count = unpack(found, folder, settings=settings)
        shown = f"./{folder}" if re.match("-", str(folder)) else str(folder)
        click.echo(f"{source.in_words()} of {source.name} on {session.name} is in {shlex.quote(shown)}, {count} files")
    return 0


def _source(session: Session, name: str | None, release: str | None, *, by_hand: bool) -> FetchSource:
    """Where on the gateway it is; a release comes before a copy that runs by hand.

    Raises:
        BadUsage, CouldNotRun: nothing, or not one alone, is meant.
    """
    from bundlekit.deploy.fetching import FetchSource, copies_by_hand, only_copy
    from bundlekit.deploy.release_choice import release_named

    gateway = session.probe(name)
    is_deployed = any(state.current or state.releases for state in gateway.bundles)
    if by_hand or (not release and not is_deployed and copies_by_hand(gateway, name)):
        copy = only_copy(gateway, name, session.name)
        return FetchSource(copy.name, folder=copy.folder)
    state = bundle_there(session, name)
    if not release and not state.current:
        raise BadUsage(f"no release of {state.name} is current", hint="name one with --release")
    return FetchSource(state.name, release_named(state, release) if release else state.current)
