"""Which certificates pass, and that nothing secret is sent to the others."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from bundlekit.errors import BadUsage, CertificateRejected, Unreadable
from bundlekit.gateway import GatewayClient, certificate_in
from bundlekit.gateway.trust import KnownGateways, Trust, fingerprint, only
from tests.box.front import self_signed
from tests.gateway.servers import Server, http, says, server

OK = says(http("200 OK", b"1"))


def ask(running: Server, trust: Trust) -> int:
    return GatewayClient(running.url, "t0ken", trust=trust, timeout=5).get("/a").status


def test_fingerprint_is_what_openssl_shows(tmp_path: Path) -> None:
    self_signed("127.0.0.1", tmp_path / "c.pem", tmp_path / "k.pem")
    command = ["openssl", "x509", "-in", str(tmp_path / "c.pem"), "-noout", "-fingerprint", "-sha256"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().partition("=")[2]
    der = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "c.pem", "-outform", "der"], capture_output=True, check=True
    ).stdout
    assert fingerprint(der) == shown
    only(shown)("gateway:443", der)
    only("SHA256:" + shown.lower().replace(":", ""))("gateway:443", der)


def test_another_certificate_than_the_files_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    self_signed("127.0.0.1", tmp_path / "other.pem", tmp_path / "other.key")
    with server(tmp_path, OK) as running:
        assert ask(running, certificate_in(running.certificate)) == 200
        with pytest.raises(CertificateRejected) as raised:
            ask(running, certificate_in(tmp_path / "other.pem"))
    assert raised.value.kept == "neither the token nor a request was sent"
    assert sum(b"t0ken" in heard for heard in running.heard) == 1


def test_first_certificate_is_remembered_and_a_changed_one_refused(tmp_path: Path) -> None:
    told: list[str] = []
    known = KnownGateways(tmp_path / "data" / "known_gateways", lambda place, shown: told.append(f"{place} {shown}"))
    for _ in range(2):
        known("gateway:443", b"first")
    known("gateway:8443", b"second")
    assert told == [f"gateway:443 {fingerprint(b'first')}", f"gateway:8443 {fingerprint(b'second')}"]
    assert known.file.read_text().splitlines() == told
    assert stat.S_IMODE(known.file.stat().st_mode) == 0o600
    with pytest.raises(CertificateRejected) as raised:
        known("gateway:443", b"second")
    assert "has changed" in raised.value.message
    assert raised.value.hint
    assert f"remove the line of gateway:443 from {known.file}" in raised.value.hint
    assert known.file.read_text().splitlines() == told


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_file_without_a_certificate_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.pem").write_text(text)
    with pytest.raises(Unreadable, match="there is no certificate in"):
        certificate_in(tmp_path / "c.pem")
    with pytest.raises(Unreadable, match="cannot read the certificate"):
        certificate_in(tmp_path / "none.pem")


def test_known_gateways_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for file in (tmp_path / "folder", tmp_path / "file" / "below"):
        with pytest.raises(Unreadable):
            KnownGateways(file, lambda *_: None)("gateway:443", b"first")


def test_fingerprint_that_is_none_is_refused() -> None:
    with pytest.raises(BadUsage):
        only("AB:CD")
