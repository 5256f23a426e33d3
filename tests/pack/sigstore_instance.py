"""A Sigstore of one's own, without a network: what its Fulcio, its certificate log and its Rekor would give."""

from __future__ import annotations

import hashlib
import json
import struct
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_SIGNED = _BEGUN + timedelta(days=30)


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _opaque(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


class SigstoreInstance:
    """Its keys, which are its own: a bundle of another instance is not one of it."""

    def __init__(self) -> None:
        self._ca, self._ct, self._rekor = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fulcio of a test")])
        public = self._ca.public_key()
        self._root = (
            self._built(self._name, public, self._name, timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(is_ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._ca, hashes.SHA256())
        )

    def trusted_root(self) -> bytes:
        """The file by which it is trusted."""
        valid = {"start": _BEGUN.isoformat()}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": "https://log.invalid",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": _text(_public(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": {"keyId": _text(_key_id(key))},
            }

        root = {
            "subject": {"organization": "a test", "commonName": "fulcio of a test"},
            "uri": "https://fulcio.invalid",
            "certChain": {"certificates": [{"rawBytes": _text(self._root.public_bytes(Encoding.DER))}]},
            "validFor": valid,
        }
        said = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self._rekor)],
            "certificateAuthorities": [root],
            "ctlogs": [log(self._ct)],
            "timestampAuthorities": [],
        }
        return json.dumps(said).encode()

    def bundle(self, data: bytes, identity: str, issuer: str, *, at: datetime = _SIGNED) -> bytes:
        """The sigstore bundle of somebody who signs `data`.

        Args:
            data: that is signed.
            identity: an e-mail address, or a URI.
            issuer: that vouches for it.
            at: when the log took it; the certificate is valid for ten minutes from `_SIGNED`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._certificate(key, identity, issuer)
        digest, signature = hashlib.sha256(data).digest(), _sign(key, data)
        entry = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {
                    "content": _text(signature),
                    "publicKey": {"content": _text(leaf.public_bytes(Encoding.PEM))},
                },
            },
        }
        said = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(leaf.public_bytes(Encoding.DER))},
                "tlogEntries": [self._logged(json.dumps(entry).encode(), int(at.timestamp()))],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _text(digest)},
                "signature": _text(signature),
            },
        }
        return json.dumps(said).encode()

    def _logged(self, body: bytes, moment: int) -> dict[str, Any]:
        """The only entry of the log of this Rekor."""
        promised = {
            "body": _text(body),
            "integratedTime": moment,
            "logID": _key_id(self._rekor).hex(),
            "logIndex": 0,
        }
        promise = _sign(self._rekor, json.dumps(promised, sort_keys=True, separators=(",", ":")).encode())
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"log.invalid - 1\n1\n{_text(root)}\n"
        signed = _text(_key_id(self._rekor)[:4] + _sign(self._rekor, note.encode()))
        return {
            "logIndex": "0",
            "logId": {"keyId": _text(_key_id(self._rekor))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(moment),
            "inclusionPromise": {"signedEntryTimestamp": _text(promise)},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _text(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.invalid {signed}\n"},
            },
            "canonicalizedBody": _text(body),
        }

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        name: x509.GeneralName = (
            x509.UniformResourceIdentifier(identity) if "://" in identity else x509.RFC822Name(identity)
        )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._ca.public_key())
        builder = (
            self._built(x509.Name([]), key.public_key(), self._name, timedelta(minutes=10), _SIGNED)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(_usage(is_ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(authority, critical=False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER, issuer.encode()), critical=False)
        )
        # The certificate log signs the certificate without the extension that has this very signature.
        bare = builder.sign(self._ca, hashes.SHA256()).tbs_certificate_bytes
        moment = struct.pack("!Q", int(_SIGNED.timestamp() * 1000))
        entry = struct.pack("!H", 1) + _key_id(self._ca) + len(bare).to_bytes(3, "big") + bare + _opaque(b"")
        signature = _sign(self._ct, b"\0\0" + moment + entry)
        sct = b"\0" + _key_id(self._ct) + moment + _opaque(b"") + b"\4\3" + _opaque(signature)
        scts = _opaque(_opaque(sct))
        value = b"\4" + bytes([len(scts)]) + scts  # an octet string, of less than 128 bytes
        return builder.add_extension(x509.UnrecognizedExtension(_SCTS, value), critical=False).sign(
            self._ca, hashes.SHA256()
        )

    @staticmethod
    def _built(
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        issuer: x509.Name,
        duration: timedelta,
        begin: datetime = _BEGUN,
    ) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=issuer,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=begin,
            not_valid_after=begin + duration,
        )


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
