"""Sigstore bundles of archives, held against an identity. The workstation alone checks them: no gateway could."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage, CouldNotRun, Refused
from bundlekit.shipped import install_command

if TYPE_CHECKING:
    from sigstore.verify import Verifier

SIGSTORE_SUFFIX = ".sigstore.json"
_LARGEST = 1024 * 1024  # bytes; a bundle has about ten thousand


@dataclass(frozen=True)
class SigstoreIdentity:
    """Who has to have made a sigstore bundle.

    Attributes:
        identity: an e-mail address or the URI of a workflow, to the letter.
        issuer: the address of the service that vouched for it.
        trusted_root: the file with the certificates and keys to trust; None for those of Sigstore's public instance,
            which the package `sigstore` downloads.
    """

    identity: str
    issuer: str
    trusted_root: Path | None = None

    def __post_init__(self) -> None:
        # The package takes an empty issuer for any.
        if not self.identity.strip() or not self.issuer.strip():
            raise BadUsage("a sigstore bundle is held against an identity and its issuer, and one of them is empty")


def check_sigstore(data: bytes, bundle: Path, wanted: SigstoreIdentity, *, label: str) -> None:
    """See that an archive was signed by somebody, as a sigstore bundle proves it.

    Args:
        data: the archive's bytes.
        bundle: the file of the sigstore bundle.
        wanted: who has to have signed.
        label: how messages call the archive.

    Raises:
        Refused: the bundle is missing or damaged, or of something else, or by somebody else.
        CouldNotRun: the package `sigstore` is missing, or what it trusts cannot be read.
    """
    try:
        from sigstore.models import Bundle
        from sigstore.verify.policy import Identity
    except ImportError as error:
        raise CouldNotRun(
            "the package sigstore is not installed, which checks sigstore bundles", hint=install_command("sigstore")
        ) from error
    try:
        with bundle.open("rb") as stream:
            text = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Refused(
            f"{label} has no sigstore bundle: {bundle}: {error.strerror}",
            hint=f"`sigstore sign --bundle FILE ARCHIVE` and `cosign sign-blob --bundle FILE ARCHIVE` make one; "
            f"by default it is ARCHIVE{SIGSTORE_SUFFIX}",
        ) from error
    verifier = _verifier(wanted.trusted_root)
    try:
        if len(text) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST // 1024} KiB")  # noqa: TRY301
        policy = Identity(identity=wanted.identity, issuer=wanted.issuer)
        verifier.verify_artifact(data, Bundle.from_json(text), policy)
    except Exception as error:
        # Whatever the package and its parsers raise: none of it is a proof.
        raise Refused(
            f"the sigstore bundle {bundle} does not prove that {wanted.identity} has signed {label}",
            details=tuple(_short(str(error) or type(error).__name__)),
        ) from error


def _verifier(trusted_root: Path | None) -> Verifier:
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    try:
        if trusted_root is None:
            return Verifier.production()
        return Verifier(trusted_root=TrustedRoot.from_file(str(trusted_root)))
    except Exception as error:  # of the network, a file, TUF, or what is in them
        what = f"the file {trusted_root}" if trusted_root is not None else "Sigstore's public instance"
        hint = "without a network, name a file with the keys and certificates: --trusted-root trusted_root.json"
        raise CouldNotRun(
            f"the keys that sigstore bundles are checked by cannot be read from {what}",
            kept="nothing was checked",
            hint=hint if trusted_root is None else None,
            details=tuple(_short(str(error) or type(error).__name__)),
        ) from error


def _short(text: str) -> list[str]:
    """The begin of a message of others, which may repeat what is in a hostile file."""
    return [line[:200] for line in text.strip().splitlines()[:4]]
