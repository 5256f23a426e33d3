"""`bundlekit verify-archive`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.verb import verb
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.pack.sigstore_bundle import SigstoreIdentity


@verb(
    "verify-archive",
    examples="""
    bundlekit verify-archive thermostat-1.0.0.tar.gz --signers allowed_signers
    bundlekit verify-archive thermostat-1.0.0.tar.gz  signers as the settings name them
    bundlekit verify-archive thermostat-1.0.0.tar.gz --identity ci@example.com --issuer https://accounts.example.com
    """,
)
@click.argument("archive", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--signers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of those who may sign, as `ssh-keygen -Y verify -f` takes it; by default that of the settings.",
)
@click.option("--identity", help="Check a sigstore bundle: it has to be by this e-mail address or URI of a workflow.")
@click.option("--issuer", metavar="URL", help="With --identity: who has to have vouched for it.")
@click.option(
    "--sigstore",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="BUNDLE",
    help="The sigstore bundle; by default ARCHIVE.sigstore.json.",
)
@click.option(
    "--trusted-root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The keys that sigstore bundles are checked by; by default those of Sigstore's public instance.",
)
def command(
    archive: Path,
    signers: Path | None,
    *,
    identity: str | None,
    issuer: str | None,
    sigstore: Path | None,
    trusted_root: Path | None,
) -> int:
    """Check who has signed an archive, by ARCHIVE.sig and a file of signers, or by a sigstore bundle.

    Each line of that file has a name, options and a public key; the options namespaces, valid-after and valid-before
    count. It prints the name in the line that matches, and the fingerprint of the key.

    With both --signers and --identity, both signatures have to be there.

    Exit code: 0 signed by one of them, 1 refused, 2 usage, 3 could not be done.
    """
    from bundlekit.errors import BadUsage
    from bundlekit.pack.sigstore_bundle import SigstoreIdentity

    wanted = None
    if identity is not None and issuer is not None:
        wanted = SigstoreIdentity(identity, issuer, trusted_root)
    elif identity is not None or issuer is not None:
        raise BadUsage("--identity and --issuer go together", hint="an identity without its issuer proves nothing")
    elif trusted_root is not None:
        raise BadUsage("--trusted-root goes with --identity and --issuer")
    return run(archive, signers, wanted, sigstore)


def run(place: Path, signers: Path | None, wanted: SigstoreIdentity | None = None, bundle: Path | None = None) -> int:
    """Check the archive at `place`."""
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.signing import refuse_folder
    from bundlekit.errors import BadUsage
    from bundlekit.library.signatures import sigstore_beside, trusted_by_settings, verified
    from bundlekit.pack.reading import read_archive
    from bundlekit.pack.sigstore_bundle import check_sigstore

    refuse_folder(place)
    if signers is None and wanted is None:
        signers, wanted = trusted_by_settings(place, Chosen(Asked()))
    if signers is None and wanted is None:
        raise BadUsage(
            "nothing says who may sign",
            hint="name a file with --signers FILE, or as `signers` in the settings; or use --identity and --issuer",
        )
    if bundle is not None and wanted is None:
        raise BadUsage("--sigstore needs --identity and --issuer, or `sigstore` in the settings")
    archive = read_archive(place, with_signatures=signers is not None)
    if signers is not None:
        verdict = verified(archive, place, signers)
        click.echo(f"{printable(str(place))}: signed by {verdict.signer}, {verdict.key}")
    if wanted is not None:
        check_sigstore(archive.data, bundle or sigstore_beside(place), wanted, label=str(place))
        click.echo(f"{printable(str(place))}: signed by {printable(wanted.identity)}, of {printable(wanted.issuer)}")
    return 0
