"""The certificate of an emulated gateway: made at its first start and signed by nobody else, like a gateway's."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.emulator.files import write_secret

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

CERTIFICATE = "certificate.pem"
KEY = "key.pem"

_YEARS = timedelta(days=10 * 365)
_NAMES = ("localhost", "thingspro.local")
_ADDRESSES = ("127.0.0.1", "::1")


def ensure_certificate(state: Path, hosts: tuple[str, ...] = ()) -> Path:
    """The certificate in a state folder, made now if there is none or it will not do any more.

    Args:
        state: where certificate and key lie.
        hosts: names and addresses that it has to be good for, besides those of this machine's loopback.

    Returns:
        The path of the certificate; the key lies beside it.
    """
    certificate, key = state / CERTIFICATE, state / KEY
    if not (key.is_file() and _is_good_for(certificate, hosts)):
        key_pem, certificate_pem = _make(tuple(dict.fromkeys((*_NAMES, *_ADDRESSES, *hosts))))
        write_secret(key, key_pem)
        write_secret(certificate, certificate_pem)
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
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "crl_sign", "encipher_only", "decipher_only", "key_encipherment"),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        # An authority for itself alone: so it can be named to clients that want one.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, key_agreement=False, **usage), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def _is_good_for(file: Path, hosts: tuple[str, ...]) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1) and all(
        _general_name(host) in names for host in hosts
    )


def _general_name(host: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
