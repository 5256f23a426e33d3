"""`bundlekit verify-archive`."""

from __future__ import annotations

from pathlib import Path

import click

from bundlekit.cli.verb import verb
from bundlekit.quoting import printable


@verb(
    "verify-archive",
    examples="""
    bundlekit verify-archive thermostat-1.0.0.tar.gz --signers allowed_signers
    bundlekit verify-archive thermostat-1.0.0.tar.gz  signers as the settings name them
    """,
)
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of those who may sign, as `ssh-keygen -Y verify -f` takes it; by default that of the settings.",
)
def command(archive: Path, signers: Path | None) -> int:
    """Check who has signed an archive, by ARCHIVE.sig and a file of signers.

    Each line of that file has a name, options and a public key; the options namespaces, valid-after and valid-before
    count. It prints the name in the line that matches, and the fingerprint of the key.

    Exit code: 0 signed by one of them, 1 refused, 2 usage, 3 could not be done.
    """
    return run(archive, signers)


def run(place: Path, signers: Path | None) -> int:
    """Check the archive at `place`."""
    from bundlekit.cli.signing import signers_of_settings, verified
    from bundlekit.errors import BadUsage
    from bundlekit.pack.reading import read_archive

    signers = signers or signers_of_settings(place)
    if signers is None:
        raise BadUsage(
            "there is no file of signers", hint="name it with --signers FILE, or as `signers` in the settings"
        )
    verdict = verified(read_archive(place), place, signers)
    click.echo(f"{printable(str(place))}: signed by {verdict.signer}, {verdict.key}")
    return 0
