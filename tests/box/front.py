"""The controller and REST front of a box. They run in its network, on this host's Python."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import os
import select
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

from tests.box.host import as_root, root_prefix
from tests.box.place import Place

_HERE = Path(__file__).parents[2]
_PATIENCE = 90.0  # seconds; the front itself gives up after 60


class Front:
    """One run of `python -m bundlekit.emulator`; starts at once."""

    def __init__(self, place: Place) -> None:
        self._address = place.slot.address
        self._token_file = place.root / "etc/mx-api-token"
        self._log = place.folder / "front.log"
        certificate, key = place.folder / "certificate.pem", place.folder / "key.pem"
        if not certificate.exists():
            self_signed(self._address, certificate, key)
        self._trust = ssl.create_default_context(cafile=certificate)
        arguments = [
            "--broker=127.0.0.1:1883",
            "--listen=0.0.0.0:443",
            f"--token-file={self._token_file}",
            f"--certificate={certificate}",
            f"--key={key}",
        ]
        self._log.write_bytes(b"")
        self._process = _fork(json.dumps([str(place.namespace), str(self._log), *arguments]))
        # Tells when it has ended, of whomever it is a child.
        self._end: int | None = None
        with contextlib.suppress(ProcessLookupError):
            self._end = os.pidfd_open(self._process)

    def answers(self) -> bool:
        return "listening" in self._log.read_text(errors="replace")

    def alive(self) -> None:
        assert not self._has_ended(0), f"the REST front ended\n{self._log.read_text(errors='replace')}"

    def stop(self) -> None:
        if self._end is None:
            return
        if not self._has_ended(0):
            as_root(["kill", "-TERM", str(self._process)], check=False)
        assert self._has_ended(_PATIENCE), f"the REST front does not end\n{self._log.read_text(errors='replace')}"
        os.close(self._end)
        self._end = None

    def _has_ended(self, seconds: float) -> bool:
        return self._end is None or bool(select.select([self._end], [], [], seconds)[0])

    def ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        token = as_root(["cat", self._token_file]).stdout.strip()
        request = urllib.request.Request(
            f"https://{self._address}/api/v1{path}",
            method=method,
            headers={"mx-api-token": token, "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._trust)
        )
        try:
            with direct.open(request, timeout=_PATIENCE) as response:
                return response.status, _decoded(response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _decoded(refused.read())


_asking = threading.Lock()


def _fork(front: str) -> int:
    """The number of a process that is a front now, see `tests.box.fronts`."""
    with _asking:
        server = _server()
        assert server.stdin
        assert server.stdout
        server.stdin.write(f"{front}\n")
        server.stdin.flush()
        return int(server.stdout.readline())


@cache
def _server() -> subprocess.Popen[str]:
    """Ends with this process."""
    command = [*root_prefix(), sys.executable, "-m", "tests.box.fronts"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_HERE)


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body else None


def self_signed(address: str, certificate_file: Path, key_file: Path) -> None:
    """Write a certificate for an address, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
