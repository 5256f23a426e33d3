"""From a path to a bundle, and to an archive that may go to a gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.errors import BadUsage, Refused, Unreadable

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.cli.choice import Chosen
    from bundlekit.pack.archive import Archive
    from bundlekit.pack.contents import Contents

_WORTH_A_BAR = 8_000_000  # bytes: about half a second


def bundle_at(path: Path) -> Bundle:
    """The bundle in a folder or an archive, unchecked.

    Raises:
        BundlekitError: it is an archive that cannot be read.
    """
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.pack.reading import open_archive

    return Bundle.in_folder(path) if path.is_dir() else open_archive(path)


def checked_archive(path: Path) -> tuple[Archive, bool]:
    """Validate a bundle's folder, or an archive, which is read once; the findings are shown.

    Returns:
        The archive, and whether the settings that count there ask a deploy to try PUT as well.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.precheck import refuse_errors
    from bundlekit.pack.reading import read_archive

    chosen = Chosen(Asked())
    if path.is_dir():
        archive, _ = packed_folder(path, chosen)
    else:
        archive = read_archive(path, lambda bundle: refuse_errors(bundle, path, chosen))
    settings = chosen.settings_of(path)
    return archive, settings is not None and settings.verify_write


def check_signature(archive: Archive, path: Path, *, required: bool) -> None:
    """See that the archive at `path` is signed as the settings ask, where it has a signature or has to have one.

    Args:
        archive: that was read.
        path: of its file.
        required: whether it has to have each kind of signature that the settings ask for.

    Raises:
        Refused: it has none, or one that does not count.
        BadUsage: the settings ask for none.
        BundlekitError: the settings, or the files that they name, cannot be read.
    """
    from bundlekit.cli.signing import HOW_TO_SIGN, sigstore_beside, trusted_by_settings, verified

    bundle = sigstore_beside(path)
    has_bundle = not path.is_dir() and bundle.exists()
    if not required and archive.signatures is None and not has_bundle:
        return
    signers, sigstore = trusted_by_settings(path)
    if signers is None and sigstore is None and required:
        raise BadUsage(
            "--require-signature needs to know who may sign", hint='the settings say it: signers = "FILE", or sigstore'
        )
    if path.is_dir():
        raise Refused(f"{path} is a folder, which has no signature", hint=f"deploy an archive; {HOW_TO_SIGN}")
    if signers is not None and (required or archive.signatures is not None):
        verified(archive, path, signers)
    if sigstore is not None and (required or has_bundle):
        from bundlekit.pack.sigstore_bundle import check_sigstore

        check_sigstore(archive.data, bundle, sigstore, label=str(path))


def baseline_in(folder: Path, chosen: Chosen | None = None) -> str | None:
    """The path in a bundle's folder of the baseline that the settings name, if it lies there.

    Raises:
        BundlekitError: the settings cannot be read or make no sense.
    """
    from bundlekit.cli.choice import Asked, Chosen

    baseline = (chosen or Chosen(Asked())).baseline_of(folder)
    if baseline is None or not baseline.resolve().is_relative_to(folder.resolve()):
        return None
    return baseline.resolve().relative_to(folder.resolve()).as_posix()


def provided_modules_of(bundle: Bundle) -> Mapping[str, str]:
    """The modules that a bundle imports and does not bring, for its SBOM."""
    from bundlekit.bundle.manifest import main_of, read_manifest
    from bundlekit.source.imports import provided_modules
    from bundlekit.source.modules import imported_modules
    from bundlekit.source.routes import read_source

    main = read_source(bundle, main_of(bundle, read_manifest(bundle).value)).module
    return provided_modules(bundle, imported_modules(bundle, main)) if main is not None else {}


def packed_folder(
    path: Path, chosen: Chosen | None = None, *, refuses: bool = True, sbom: bool = False
) -> tuple[Archive, Contents]:
    """Validate the bundle in a folder and pack it; the findings are shown.

    Args:
        path: the folder.
        chosen: the rules, by the settings, if somebody has read those.
        refuses: whether a bundle with errors is refused; else they are shown alone.
        sbom: whether an SBOM goes in.

    Returns:
        Its archive, and what is in it and what is not.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.bundle.bundle import MANIFEST
    from bundlekit.bundle.search import enclosing_bundle, has_manifest
    from bundlekit.cli.bar import Bar
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.precheck import refuse_errors
    from bundlekit.pack.archive import pack
    from bundlekit.pack.contents import select
    from bundlekit.pack.ignore import open_folder

    if not has_manifest(path):  # nobody waits for a home folder to be checked as if it were a bundle
        around = enclosing_bundle(path / MANIFEST)
        hint = f"it is in the bundle {around}" if around is not None else "bundlekit new makes one"
        raise Unreadable(f"there is no bundle in {path}: it has no {MANIFEST}", hint=hint)
    bundle = open_folder(path)
    chosen = chosen or Chosen(Asked())
    try:
        refuse_errors(bundle, path, chosen)
    except Refused as error:
        if refuses:
            raise
        click.echo(click.style("note: ", fg="yellow") + f"{error.message}; it runs all the same", err=True)
    contents = select(bundle, baseline_in(path, chosen))
    if sbom:
        from bundlekit.pack.sbom import with_sbom

        bundle, contents = with_sbom(bundle, contents, provided_modules_of(bundle))
    bar = Bar("packed", _WORTH_A_BAR)
    try:
        return pack(bundle, contents, bar), contents
    finally:
        bar.close()
