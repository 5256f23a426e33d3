"""`bundlekit adopt`."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import (
    Access,
    access_options,
    bundle_option,
    session_on,
    verify_option,
    wait_lock_option,
    wait_option,
)
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb
from bundlekit.errors import BundlekitError, CouldNotRun, Refused

if TYPE_CHECKING:
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.events import GatewayState, Neighbour
    from bundlekit.remote.listener import Listener
    from bundlekit.remote.session import Session


@verb(
    "adopt",
    examples="""
    bundlekit adopt moxa@192.168.4.127  the only bundle that was started by hand there
    bundlekit adopt moxa@192.168.4.127 --bundle thermostat
    bundlekit adopt moxa@192.168.4.127 --sign ~/.ssh/id_ed25519  for a gateway that takes signed bundles alone
    bundlekit adopt moxa@192.168.4.127 --settings kept  use the settings of an earlier deploy
    """,
)
@access_options
@bundle_option("The bundle. By default the bundle of this folder, else the only bundle started by hand on the gateway.")
@wait_option
@verify_option
@click.option(
    "--settings",
    type=click.Choice(["running", "kept"]),
    help="If the gateway keeps settings of an earlier deploy: use those of the running copy, or the kept settings.",
)
@click.option(
    "--sign",
    "key",
    metavar="KEY",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sign what is found with this key. A gateway with a list of signers needs it. Look at the files first.",
)
@wait_lock_option
def command(
    access: Access,
    bundle: str | None,
    *,
    wait: int,
    verify: bool,
    settings: str | None,
    key: Path | None,
    wait_lock: int,
) -> int:
    """Take over a copy of a bundle that was started by hand on a gateway, for example by `python index.py &` as root.

    The folder of the copy is packed on this machine and installed as the first release. Then the copy is stopped, its
    settings (data/NAME.json and .backup) are taken over, and the release is started in its place, now and at each boot.
    If the release does not start, the copy is started again as before: in its folder, by its command, as root. The
    findings of validate are shown, but they do not prevent the change: the bundle runs already.

    The folder stays on the gateway unchanged. If something starts the copy at each boot, you have to remove that
    yourself. bundlekit names it if it is in one of the usual files.

    Exit code: 0 it runs, 1 it was rolled back or cannot be packed, 2 usage, 3 could not be done, 4 the gateway needs
    somebody to look at it.
    """

    from bundlekit.cli.signing import key_to_sign, signed
    from bundlekit.deploy import verbs
    from bundlekit.deploy.fetching import only_copy

    opened = key_to_sign(key) if key is not None else None
    listener = TerminalListener()
    try:
        with session_on(access) as session:
            gateway = session.probe(bundle)
            copy = only_copy(gateway, bundle, session.name)
            if bundle is None:
                gateway = session.probe(copy.name)
            _refuse_what_would_be_lost(gateway, copy, session.name, settings)
            if gateway.signers and opened is None:
                raise Refused(
                    f"{session.name} takes only bundles that one of its signers has signed, and nobody has signed a "
                    "copy that runs by hand",
                    kept="nothing was stopped or changed",
                    hint=f"look at its files with `bundlekit fetch TARGET --by-hand --bundle {copy.name}`, then use "
                    "`adopt --sign KEY`",
                )
            archive = _archive_of(session, copy, listener)
            if opened is not None:
                archive = signed(archive, opened)
            deployed = verbs.deploy(
                session,
                archive,
                listener,
                wait=wait,
                verify=verify,
                wait_lock=wait_lock,
                copy=copy,
                kept_settings=settings == "kept",
            )
    finally:
        listener.close()
    click.echo(f"{archive.name} {archive.version} runs on {session.name}, release {deployed.plan.release}")
    click.echo(f"the copy in {copy.folder} is stopped; its folder is as it was, and nothing uses it any more")
    return 0


def _refuse_what_would_be_lost(gateway: GatewayState, copy: Neighbour, where: str, settings: str | None) -> None:
    state = gateway.bundle(copy.name)
    if state.current:
        raise CouldNotRun(
            f"{copy.name} is deployed on {where} already, release {state.current}, and a copy of it runs by hand",
            kept="nothing was stopped or changed",
            hint=f"end the copy there: `sudo kill {copy.pid}`; or `bundlekit remove TARGET --bundle {copy.name}`, "
            "which keeps the settings, and adopt it then",
        )
    if state.settings and settings is None:
        raise Refused(
            f"{where} keeps settings of {copy.name} from an earlier deploy, and the copy that runs by hand has its own",
            kept="nothing was stopped or changed",
            hint="say which count: --settings running or --settings kept; the others are not lost either way",
        )


def _archive_of(session: Session, copy: Neighbour, listener: Listener) -> Archive:
    """Fetch the folder of a copy, and pack it."""
    from bundlekit.cli.archive import packed_folder
    from bundlekit.deploy.fetching import FetchSource, fetch
    from bundlekit.pack.unpacking import unpack

    with tempfile.TemporaryDirectory(prefix="bundlekit-") as place:
        folder = Path(place) / copy.name
        try:
            unpack(
                fetch(session, FetchSource(copy.name, folder=copy.folder), listener, settings=True),
                folder,
                settings=False,
            )
            archive, _ = packed_folder(folder, refuses=False)
        except BundlekitError as error:
            error.kept = error.kept or "the copy runs on; nothing was stopped or changed"
            raise
    if archive.name != copy.name:
        raise CouldNotRun(
            f"the bundle in {shlex.quote(copy.folder)} is {archive.name} now, and {copy.name} was to be adopted",
            kept="nothing was stopped or changed",
            hint="run the same again",
        )
    return archive
