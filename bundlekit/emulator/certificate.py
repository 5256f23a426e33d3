"""The certificate of an emulated gateway: made at its first start and signed by nobody else, like a gateway's."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.emulator.files import write_secret

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

CERTIFICATE = "certificate.pem"
KEY = "key.pem"

_VALID = timedelta(days=365)
_BEFORE_ITS_END = timedelta(days=30)  # it is renewed, for who starts a gateway may let it run for weeks
_SKEW = timedelta(days=1)
_NAMES = ("localhost", "thingspro.local")
_ADDRESSES = ("127.0.0.1", "::1")


def ensure_certificate(state: Path, hosts: tuple[str, ...] = (), tell: Callable[[str], None] = lambda _: None) -> Path:
    """The certificate in a state folder, made now if there is none or it will not do any more.

    Args:
        state: where certificate and key lie.
        hosts: names and addresses that it has to be good for, besides those of this machine's loopback.
        tell: hears of one that takes the place of another one, and why.

    Returns:
        The path of the certificate; the key lies beside it.
    """
    certificate, key = state / CERTIFICATE, state / KEY
    if why := _why_anew(certificate, hosts):
        is_first = not certificate.exists()
        key_pem, certificate_pem = _make(tuple(dict.fromkeys((*_NAMES, *_ADDRESSES, *hosts))))
        write_secret(key, key_pem)
        write_secret(certificate, certificate_pem)
        if not is_first:
            tell(f"the certificate is replaced, because {why}: {certificate}")
    return certificate


def server_context(certificate: Path) -> ssl.SSLContext:
    """What a server needs to be known by a certificate whose key lies beside it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name(KEY))
    return context


def _make(hosts: tuple[str, ...]) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulated ThingsPro gateway")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        # No authority: a client that trusts it trusts this gateway, and no other name that its key could sign for.
        # What its key is for is left open: OpenSSL 1.1 believes none that must not sign to have signed itself.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def _why_anew(file: Path, hosts: tuple[str, ...]) -> str:
    """Why a certificate will not do, after `because`; empty where it does."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        server_context(file)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return "the previous certificate, or its key, was damaged"
    if constraints.ca:
        return "the previous certificate could sign for any name"
    if certificate.not_valid_after_utc - certificate.not_valid_before_utc > _VALID + _SKEW:
        return "the previous certificate was valid for too long"
    if datetime.now(UTC) > certificate.not_valid_after_utc - _BEFORE_ITS_END:
        return "the previous certificate expires soon"
    if datetime.now(UTC) < certificate.not_valid_before_utc:
        return "the previous certificate is not valid yet"
    if not all(_general_name(host) in names for host in (*_NAMES, *_ADDRESSES, *hosts)):
        return "the previous certificate was for other addresses"
    return ""


def _general_name(host: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
