"""`bundlekit sbom`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.access import Access, access_options, bundle_name, bundle_there, release_options, session_on
from bundlekit.cli.document import put
from bundlekit.cli.terminal import TerminalListener
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage
from bundlekit.quoting import for_terminal

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle


@verb(
    "sbom",
    examples="""
    bundlekit sbom moxa@192.168.4.127  of the only bundle there
    bundlekit sbom moxa@192.168.4.127 --bundle thermostat -o thermostat.cdx.json
    bundlekit sbom moxa@192.168.4.127 --release 0.2.0  of an earlier release
    """,
)
@access_options
@release_options
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file."
)
def command(access: Access, bundle: str | None, release: str | None, output: Path | None) -> int:
    """Print the SBOM of a release on a gateway: CycloneDX 1.6 as JSON.

    It is the file that `pack --sbom` put into the release. For a release that was packed without one, the files of the
    release are downloaded, and it is made from them, which gives the same. Nothing is changed.

    Exit code: 0 printed, 1 what is there was refused, 2 usage, 3 could not be done.
    """
    return run(access, bundle, release, output)


def run(access: Access, bundle: str | None, release: str | None, output: Path | None) -> int:
    """Print the SBOM of a release, or write it to `output`."""
    from bundlekit.deploy.fetching import FetchSource, fetch
    from bundlekit.deploy.release_choice import release_named

    name = bundle_name(bundle) if bundle is not None else None
    with session_on(access) as session:
        state = bundle_there(session, name)
        wanted = release_named(state, release) if release else state.current
        if not wanted:
            raise BadUsage(f"no release of {state.name} is current", hint="name one with --release")
        source, listener = FetchSource(state.name, wanted), TerminalListener()
        sbom = _packed(fetch(session, source, listener, settings=False, sbom=True))
        if sbom is None:
            click.echo("note: it was packed without an SBOM, which is made from its files now", err=True)
            sbom = _made(fetch(session, source, listener, settings=False))
    # Whoever made the archive wrote it, perhaps not as JSON.
    put(for_terminal(sbom.decode("utf-8", "replace")).rstrip("\n"), output)
    return 0


def _packed(bundle: Bundle) -> bytes | None:
    from bundlekit.bundle.manifest import manifest_of
    from bundlekit.pack.sbom import sbom_name

    name = sbom_name(manifest_of(bundle))
    return bundle.files.read(name) if name in bundle.files.entries else None


def _made(bundle: Bundle) -> bytes:
    from bundlekit.library.packing import provided_modules_of
    from bundlekit.pack.sbom import sbom_of

    return sbom_of(bundle, bundle.files.entries.values(), provided_modules_of(bundle))
