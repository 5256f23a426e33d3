"""Signing archives with the user's own SSH keys."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage, CouldNotRun, LoginRefused
from bundlekit.library.signatures import contents_of, signature_beside

if TYPE_CHECKING:
    import paramiko

    from bundlekit.pack.archive import Archive
    from bundlekit.pack.signature import Signatures
    from bundlekit.ssh.identities import Identity


def key_to_sign(file: Path | None) -> paramiko.PKey:
    """The key to sign with, opened.

    Args:
        file: a private key; or a public key whose private key the ssh-agent has. None for the only key that there is.

    Raises:
        BadUsage: there are several keys, or none.
        LoginRefused: nobody knows the passphrase.
    """
    from bundlekit.cli.terminal import TerminalPrompter
    from bundlekit.ssh.identities import unlock

    identity = _identity(file)
    if identity.key is not None:
        return identity.key
    key = unlock(identity, TerminalPrompter(from_stdin=False, kept_as=""))
    if key is None:
        raise LoginRefused(
            f"the passphrase of {identity.name} is not known",
            kept="nothing was signed",
            hint=f"add the key to the ssh-agent with ssh-add, or store it: `bundlekit login --key {identity.file}`",
        )
    return key


def _identity(file: Path | None) -> Identity:
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.identities import identities_for

    named = (str(file),) if file is not None else ()
    agent = os.environ.get("SSH_AUTH_SOCK")
    here = Address("", 0, "", "", identities=named, identities_only=bool(named), agent=agent)
    found = [identity for identity in identities_for(here) if not identity.certificate]
    usable = [identity for identity in found if not identity.fault]
    if len(usable) == 1:
        return usable[0]
    if file is not None and file.suffix == ".pub" and file.exists():
        raise BadUsage(
            f"{file} is a public key, and its private key is not in the ssh-agent",
            hint=f"sign with the private key: `--key {shlex.quote(str(file.with_suffix('')))}`; or add it with ssh-add",
        )
    if usable:
        names = ", ".join(identity.name for identity in usable)
        raise BadUsage(f"there are several keys to sign with: {names}", hint="name one with --key FILE")
    if file is not None:
        why = found[0].fault if found else "it is not there"
        hint = "give a private key that is Ed25519, ECDSA or RSA; or its public key, if the ssh-agent has it"
        raise BadUsage(f"{file} cannot sign: {why}", hint=hint)
    raise BadUsage(
        "there is no key to sign with, neither in the ssh-agent nor in ~/.ssh",
        hint="name one with --key FILE; `ssh-keygen -t ed25519` makes one",
    )


def sign_archive(archive: Archive, place: Path, key: paramiko.PKey) -> str:
    """Write the signatures of an archive beside it, in place of those that are there.

    Args:
        archive: whose.
        place: its file.
        key: to sign with.

    Returns:
        The fingerprint of the key.

    Raises:
        BundlekitError: the key does not sign, or the file cannot be written.
    """
    from bundlekit.io import replacing
    from bundlekit.pack.sshsig import fingerprint

    signatures = signatures_of(archive, key)
    file = signature_beside(place)
    try:
        with replacing(file) as stream:
            stream.write(signatures.text)
    except OSError as error:
        raise CouldNotRun(f"cannot write {file}: {error.strerror}") from error
    return fingerprint(signatures.key)


def signed(archive: Archive, key: paramiko.PKey) -> Archive:
    """An archive with its signatures, which are written nowhere.

    Raises:
        BundlekitError: the key does not sign.
    """
    return replace(archive, signatures=signatures_of(archive, key))


def signatures_of(archive: Archive, key: paramiko.PKey) -> Signatures:
    """The signatures of an archive by a key.

    Raises:
        BundlekitError: the key does not sign.
    """
    from bundlekit.pack.signature import sign

    return sign(archive.data, contents_of(archive), key)


def refuse_folder(place: Path) -> None:
    """A folder has no signature.

    Raises:
        BadUsage: it is one.
    """
    if place.is_dir():
        raise BadUsage(
            f"{place} is a folder, and only archives have signatures",
            hint=f"`bundlekit pack {shlex.quote(str(place))} --sign KEY` makes a signed archive of it",
        )


def drop_signature(place: Path) -> None:
    """Remove the signature of an archive that is about to be replaced.

    Raises:
        CouldNotRun: it cannot be removed.
    """
    file = signature_beside(place)
    try:
        file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise CouldNotRun(f"cannot remove {file}: {error.strerror}", kept=f"{place} was not replaced") from error
