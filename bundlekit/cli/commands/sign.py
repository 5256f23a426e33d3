"""`bundlekit sign`."""

from __future__ import annotations

from pathlib import Path

import click

from bundlekit.cli.verb import verb
from bundlekit.quoting import printable


@verb(
    "sign",
    examples="""
    bundlekit sign thermostat-1.0.0.tar.gz  with the only key in the ssh-agent and ~/.ssh
    bundlekit sign thermostat-1.0.0.tar.gz --key ~/.ssh/id_ed25519
    bundlekit sign thermostat-1.0.0.tar.gz --key release.pub  a key of the ssh-agent, by its public half
    """,
)
@click.argument("archive", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The private key, or the public key of one in the ssh-agent: Ed25519, ECDSA or RSA.",
)
def command(archive: Path, key: Path | None) -> int:
    """Sign an archive with your SSH key, into ARCHIVE.sig.

    The archive stays as it is. An existing ARCHIVE.sig is replaced. `deploy` and the collection for Ansible send the
    signature along, and a gateway with a list of signers checks it. `ssh-keygen -Y verify -n bundlekit` checks it too.

    Exit code: 0 signed, 1 refused, 2 usage, 3 could not be done.
    """
    return run(archive, key)


def run(place: Path, key: Path | None) -> int:
    """Sign the archive at `place`."""
    from bundlekit.cli.signing import key_to_sign, refuse_folder, sign_archive
    from bundlekit.library.signatures import signature_beside
    from bundlekit.pack.reading import read_archive

    refuse_folder(place)
    archive = read_archive(place, with_signatures=False)
    fingerprint = sign_archive(archive, place, key_to_sign(key))
    click.echo(f"signed: {printable(str(signature_beside(place)))}, by {fingerprint}")
    return 0
