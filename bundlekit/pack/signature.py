"""Signatures of archives, by SSH keys: made here, read from `ARCHIVE.sig`, and held against a file of signers.

`ARCHIVE.sig` has one or two signatures in the form of `ssh-keygen -Y sign -n bundlekit`:

1. of the archive's bytes. `ssh-keygen -Y verify` checks this one alone; `ssh-keygen -Y sign` makes it.
2. of the list of contents: a line for each file, with its path, its digest and whether it is executable. A gateway that
   gets only what changed never has the archive's bytes; it has that list, and holds every file that it puts together
   against it. So it checks the list's signature, and what it checks is all that can run.

No archive is a list, and no list an archive, so one signature never passes for the other.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.errors import CouldNotRun, Refused
from bundlekit.pack import sshsig

if TYPE_CHECKING:
    import paramiko

SUFFIX = ".sig"
LARGEST = 64 * 1024
"""Bytes of a file with signatures, at most."""

_ARMOR = b"SSH SIGNATURE"
_WIDTH = 70  # characters in a line, as ssh-keygen writes it
_BLOCK = re.compile(rb"-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n")


@dataclass(frozen=True)
class Signatures:
    """What `ARCHIVE.sig` has.

    Attributes:
        archive: the signature of the archive's bytes, without its armor.
        contents: that of the list of contents; empty where there is none.
    """

    archive: bytes
    contents: bytes = b""

    @property
    def text(self) -> bytes:
        """It as it stands in the file."""
        blobs = [self.archive, self.contents] if self.contents else [self.archive]
        return b"".join(sshsig.armor(_ARMOR, base64.b64encode(blob), _WIDTH) for blob in blobs)

    @property
    def key(self) -> bytes:
        """The public key that made the first one, as it travels."""
        return sshsig.Signature(self.archive).key

    def covers(self, contents: bytes) -> bool:
        """Whether the second signature is one of this list, by the key of the first one."""
        try:
            _check(self.contents, contents, is_archive=False)
            return sshsig.Signature(self.contents).key == self.key
        except sshsig.Wrong:
            return False


@dataclass(frozen=True)
class SignedBy:
    """Who has signed an archive.

    Attributes:
        signer: as the file of signers calls them.
        key: the fingerprint of the key.
    """

    signer: str
    key: str


def parse(text: bytes, label: str) -> Signatures:
    """The signatures in a file.

    Args:
        text: of the file.
        label: how messages call it.

    Raises:
        Refused: they are not in the form that ssh-keygen gives them, to the byte.
    """
    try:
        blobs = [sshsig.decode(block.replace(b"\n", b"")) for block in _BLOCK.findall(text)]
        if not 1 <= len(blobs) <= 2 or Signatures(*blobs).text != text:
            raise sshsig.Wrong("it is not one or two signatures as ssh-keygen writes them")  # noqa: TRY301
        for blob in blobs:
            sshsig.Signature(blob)
    except sshsig.Wrong as wrong:
        raise Refused(f"{label} is no signature of an archive: {wrong}", hint="sign the archive again") from None
    return Signatures(*blobs)


def sign(data: bytes, contents: bytes | None, key: paramiko.PKey) -> Signatures:
    """Sign an archive.

    Args:
        data: the archive's bytes.
        contents: its list of contents; None where it has none that a gateway can check.
        key: a private key, or one of an agent.

    Raises:
        Refused: the key is of a kind that no gateway can check.
        CouldNotRun: the key does not sign; that of an agent may want a confirmation.
    """
    return Signatures(_signed(data, key), _signed(contents, key) if contents is not None else b"")


def verify(
    data: bytes,
    contents: bytes | None,
    signatures: Signatures,
    signers: bytes,
    *,
    label: str,
    of_signers: str = "the file of signers",
    now: float | None = None,
) -> SignedBy:
    """Find who has signed an archive.

    Args:
        data: the archive's bytes.
        contents: its list of contents, as for `sign`.
        signatures: of it.
        signers: the text of a file of signers.
        label: how messages call the archive, and
        of_signers: the file of signers.
        now: when it has to count, in seconds since 1970; None for this moment.

    Raises:
        Refused: the signature is of something else, or by nobody in the file, or the file is none of signers.
    """
    try:
        known = sshsig.read_signers(signers, False)
    except sshsig.Wrong as wrong:
        raise Refused(f"{of_signers} is refused: {wrong}") from None
    try:
        _check(signatures.archive, data, is_archive=True)
        if signatures.contents and (contents is None or not signatures.covers(contents)):
            raise sshsig.Wrong("its second signature is not one of the files in it, by the same key")  # noqa: TRY301
        signer = sshsig.signer_of(sshsig.Signature(signatures.archive), known, time.time() if now is None else now)
    except sshsig.Wrong as wrong:
        raise Refused(f"the signature of {label} is refused: {wrong}") from None
    return SignedBy(signer.principals, sshsig.fingerprint(signatures.key))


def _signed(data: bytes, key: paramiko.PKey) -> bytes:
    from hashlib import sha512

    import paramiko

    public = key.asbytes()
    try:
        is_rsa = sshsig.kind_of(public) == b"ssh-rsa"
    except sshsig.Wrong as wrong:
        raise Refused(f"this key does not sign bundles: {wrong}") from None
    message = sshsig.signed(sshsig.NAMESPACE, b"sha512", sha512(data).digest())
    try:
        made = key.sign_ssh_data(message, "rsa-sha2-512" if is_rsa else None)
        blob = sshsig.blob_of(public, made.asbytes() if isinstance(made, paramiko.Message) else made)
        _check(blob, data, is_archive=data[:2] == b"\x1f\x8b")
    except (OSError, ValueError, paramiko.SSHException, sshsig.Wrong) as error:
        raise CouldNotRun(f"the key does not sign: {error}", kept="no signature was written") from error
    return blob


def _check(blob: bytes, data: bytes, *, is_archive: bool) -> None:
    """See that a signature is one of the data, by whatever key.

    Raises:
        Wrong: it is not.
    """
    import paramiko

    signature = sshsig.Signature(blob)
    sshsig.check_message(data, is_archive)
    raw = paramiko.Message(sshsig.string(signature.kind) + sshsig.string(signature.raw))
    try:
        key = paramiko.PKey.from_type_string(sshsig.kind_of(signature.key).decode(), signature.key)
        is_valid = key.verify_ssh_sig(signature.message(data), raw)
    except (ValueError, paramiko.SSHException):  # a point that is not on its curve
        is_valid = False
    if not is_valid:
        raise sshsig.Wrong("it is of something else, or damaged")
