"""Holding the signatures of an archive against those who may sign: a file of signers, or a sigstore identity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage, CouldNotRun, Refused, Unreadable

if TYPE_CHECKING:
    from bundlekit.lint.chosen import RuleChoice
    from bundlekit.pack.archive import Archive
    from bundlekit.pack.signature import SignedBy
    from bundlekit.pack.sigstore_bundle import SigstoreIdentity

_LARGEST_SIGNERS = 256 * 1024  # bytes, of about two thousand keys; `signers add` sends them as arguments
HOW_TO_SIGN = "`bundlekit sign ARCHIVE` signs an archive, `bundlekit pack --sign KEY` packs and signs a bundle"


def check_signature(archive: Archive, path: Path, choice: RuleChoice, *, required: bool) -> None:
    """See that the archive at `path` is signed as the settings ask, where it has a signature or has to have one.

    Args:
        archive: that was read.
        path: of its file.
        choice: which settings count.
        required: whether it has to have each kind of signature that the settings ask for.

    Raises:
        Refused: it has none, or one that does not count.
        BadUsage: the settings ask for none.
        BundlekitError: the settings, or the files that they name, cannot be read.
    """
    has_bundle = not path.is_dir() and sigstore_beside(path).exists()
    if not required and archive.signatures is None and not has_bundle:
        return
    signers, sigstore = trusted_by_settings(path, choice)
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

        check_sigstore(archive.data, sigstore_beside(path), sigstore, label=str(path))


def verified(archive: Archive, place: Path, signers: Path) -> SignedBy:
    """Who has signed an archive.

    Args:
        archive: whose signature is checked.
        place: its file, for messages.
        signers: the file of those who may sign.

    Raises:
        Refused: it has no signature, or one that does not count.
        Unreadable, BadUsage: as `read_keys`.
    """
    from bundlekit.pack.signature import verify

    if archive.signatures is None:
        raise Refused(f"{place} has no signature: there is no {signature_beside(place)}", hint=HOW_TO_SIGN)
    return verify(
        archive.data,
        contents_of(archive),
        archive.signatures,
        read_keys(signers),
        label=str(place),
        of_signers=f"the file of signers {signers}",
    )


def read_keys(file: Path) -> bytes:
    """What is in a file of signers, or of a public key.

    Raises:
        Unreadable: it cannot be read.
        BadUsage: it is too large.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST_SIGNERS + 1)
    except OSError as error:
        raise Unreadable(f"cannot read {file}: {error.strerror}") from error
    if len(text) > _LARGEST_SIGNERS:
        raise BadUsage(f"{file} is larger than {_LARGEST_SIGNERS // 1024} KiB")
    return text


def trusted_by_settings(place: Path, choice: RuleChoice) -> tuple[Path | None, SigstoreIdentity | None]:
    """Whose signatures the settings ask for which count for the bundle or the archive at `place`.

    Returns:
        The file of signers, and who has to have made a sigstore bundle; each None where the settings do not say.

    Raises:
        BundlekitError: they cannot be read or make no sense, or somebody else can write a file that they name.
    """
    from bundlekit.bundle.ownership import why_foreign
    from bundlekit.lint.settings import TRUST_HINT

    settings = choice.settings_of(place)
    if settings is None:
        return None, None
    for file in (settings.signers, settings.sigstore.trusted_root if settings.sigstore is not None else None):
        if file is not None and (why := why_foreign(file)):
            raise CouldNotRun(f"the file {file} in the settings is not safe: {why}", hint=TRUST_HINT)
    return settings.signers, settings.sigstore


def signature_beside(place: Path) -> Path:
    """The file with the signatures of an archive."""
    from bundlekit.pack.signature import SUFFIX

    return place.with_name(place.name + SUFFIX)


def sigstore_beside(place: Path) -> Path:
    """The file with the sigstore bundle of an archive."""
    from bundlekit.pack.sigstore_bundle import SIGSTORE_SUFFIX

    return place.with_name(place.name + SIGSTORE_SUFFIX)


def contents_of(archive: Archive) -> bytes | None:
    """The list of contents that is signed besides; None where a name in it is one that no gateway compares."""
    from bundlekit.remote.delta import inventory_of

    inventory = inventory_of(archive.data)
    return inventory.text if inventory is not None else None
