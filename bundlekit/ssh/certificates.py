"""OpenSSH certificates: of users, to log in with, and of hosts, in place of a host key that is known."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bundlekit.ssh.ssh_config_file import fits_one

if TYPE_CHECKING:
    import paramiko
    from cryptography.hazmat.primitives.serialization import SSHCertificate, SSHCertPublicKeyTypes

SUFFIX = "-cert-v01@openssh.com"
"""Behind the name of a kind of key."""


def parse_certificate(text: bytes) -> SSHCertificate | None:
    """An OpenSSH certificate as it stands in a file; None for what is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

    try:
        found = load_ssh_public_identity(text)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, SSHCertificate) else None


def certified_key(certificate: SSHCertificate) -> bytes:
    """The public key that a certificate is about, as it travels."""
    return _as_it_travels(certificate.public_key())


def validity(certificate: SSHCertificate) -> str:
    """Whether it counts today: empty, or how not."""
    if certificate.valid_before < time.time():
        return "has expired"
    return "is not valid yet" if certificate.valid_after > time.time() else ""


def host_certificate_of(key: paramiko.PKey) -> SSHCertificate | None:
    """The certificate that a server has shown with its key, if any."""
    blob = key.public_blob
    if blob is None or not blob.key_type.endswith(SUFFIX):
        return None
    return parse_certificate(f"{blob.key_type} {base64.b64encode(blob.key_blob).decode()}".encode())


def fault_of_host(certificate: SSHCertificate, host: str, authorities: Iterable[paramiko.PKey]) -> str:
    """Why a certificate does not prove that a server is a host, as OpenSSH checks it; empty if it does.

    Args:
        certificate: that the server has shown, whose private key it has.
        host: its name, without a port.
        authorities: that known_hosts trusts about this host.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import SSHCertificateType

    if certificate.type != SSHCertificateType.HOST:
        return "is not a host certificate"
    signer = _as_it_travels(certificate.signature_key())
    if all(signer != authority.asbytes() for authority in authorities):
        return "is signed by an authority that known_hosts does not trust about this host"
    try:
        certificate.verify_cert_signature()
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return "has a wrong signature"
    names = [name.decode("utf-8", "replace") for name in certificate.valid_principals]
    if names and not any(fits_one(name, host) for name in names):
        return f"is for {', '.join(names)}"
    if certificate.critical_options:
        return "has conditions that are unknown here"
    return validity(certificate)


def _as_it_travels(key: SSHCertPublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
