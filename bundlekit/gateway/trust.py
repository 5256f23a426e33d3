"""Which certificate a gateway may show. They sign their own, so it is compared as a whole and no authority is asked."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bundlekit.errors import BadUsage, CertificateRejected, Unreadable
from bundlekit.io import CLOEXEC

Trust = Callable[[str, bytes], None]
"""Takes `host:port` and the certificate that it shows, as DER; raises CertificateRejected."""

_KEPT = "neither the token nor a request was sent"


def fingerprint(certificate: bytes) -> str:
    """A certificate's fingerprint as browsers and `openssl x509 -fingerprint -sha256` show it."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def anybody(place: str, certificate: bytes) -> None:
    """Trust whoever answers, as where an SSH connection has made sure of that already."""


def only(expected: str) -> Trust:
    """Trust the one certificate with this fingerprint.

    Raises:
        BadUsage: it is no SHA-256 in hexadecimal, with or without colons.
    """
    digits = expected.removeprefix("SHA256:").replace(":", "").upper()
    if not re.fullmatch("[0-9A-F]{64}", digits):
        raise BadUsage(f"{expected!r} is not a SHA-256 fingerprint", hint="it has 64 hexadecimal digits")
    pinned = bytes.fromhex(digits).hex(":").upper()

    def check(place: str, certificate: bytes) -> None:
        if fingerprint(certificate) != pinned:
            raise CertificateRejected(
                f"{place} shows another certificate than it should: {fingerprint(certificate)}, expected {pinned}",
                kept=_KEPT,
            )

    return check


def certificate_in(file: Path) -> Trust:
    """Trust the certificate in a PEM file.

    Raises:
        Unreadable: there is none in it.
    """
    try:
        text = file.read_text(encoding="ascii")
        return only(hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) :])).hexdigest())
    except OSError as error:
        raise Unreadable(f"cannot read the certificate in {file}: {error.strerror}") from error
    except ValueError as error:
        raise Unreadable(f"there is no certificate in {file}") from error


@dataclass(frozen=True)
class KnownGateways:
    """Trusts the certificate that a gateway showed the first time. It is a Trust.

    Attributes:
        file: a line a gateway: `host:port`, a space, the fingerprint.
        tell: is called with a place and its fingerprint when a new one is remembered.
    """

    file: Path
    tell: Callable[[str, str], None]

    def __call__(self, place: str, certificate: bytes) -> None:
        shown = fingerprint(certificate)
        known = self._known(place)
        if known is None:
            self._remember(place, shown)
            self.tell(place, shown)
        elif known != shown:
            raise CertificateRejected(
                f"the certificate of {place} has changed: it shows {shown}, known is {known}",
                kept=_KEPT,
                hint="somebody may intercept the connection. If you know that the gateway was set up again, "
                f"remove the line of {place} from {self.file}",
            )

    def _known(self, place: str) -> str | None:
        try:
            lines = self.file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(f"cannot read the known gateways in {self.file}: {error.strerror}") from error
        return next((words[1] for words in map(str.split, lines) if len(words) == 2 and words[0] == place), None)

    def _remember(self, place: str, shown: str) -> None:
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as stream:
                stream.write(f"{place} {shown}\n".encode())
        except OSError as error:
            raise Unreadable(f"cannot remember the certificate in {self.file}: {error.strerror}") from error


def known_gateways_file() -> Path:
    """Where this user's known gateways are kept."""
    from platformdirs import user_data_path

    return user_data_path("bundlekit", appauthor=False) / "known_gateways"
