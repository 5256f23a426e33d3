"""`python -m bundlekit.emulator` as its users see it."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.box.front import self_signed
from tests.emulator.conftest import Mosquitto

TOKEN = "let-me-in"


@contextmanager
def emulator(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bundlekit.emulator", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


def listening(process: subprocess.Popen[str]) -> str:
    """The URL that it says it listens on."""
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("listening on ")
    return line.removeprefix("listening on ").strip()


def status(url: str, token: str, trust: ssl.SSLContext | None = None) -> int:
    request = urllib.request.Request(f"{url}/nowhere", headers={"mx-api-token": token})
    try:
        with urllib.request.urlopen(request, timeout=30, context=trust) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            json.load(refused)
            return refused.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly_when_told(
    mosquitto: Mosquitto, token_file: Path, number: signal.Signals
) -> None:
    arguments = (f"--broker={mosquitto.address}", "--listen=127.0.0.1:0", f"--token-file={token_file}")
    with emulator(*arguments) as process:
        url = listening(process)
        assert status(url, TOKEN) == 403
        assert status(url, "other") == 401
        process.send_signal(number)
        output, complaints = process.communicate(timeout=30)
        assert (process.returncode, output, complaints) == (0, "", "")


def test_it_ends_cleanly_while_it_still_waits_for_the_broker(mosquitto: Mosquitto, token_file: Path) -> None:
    mosquitto.stop()
    arguments = (f"--broker={mosquitto.address}", "--listen=127.0.0.1:0", f"--token-file={token_file}")
    with emulator(*arguments) as process:
        assert process.stderr
        assert f"waiting for the broker at {mosquitto.address}" in process.stderr.readline()
        process.terminate()
        output, _ = process.communicate(timeout=30)
        assert (process.returncode, output) == (0, "")


def test_with_a_certificate_it_speaks_https(mosquitto: Mosquitto, token_file: Path, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    self_signed("127.0.0.1", certificate, key)
    arguments = (f"--broker={mosquitto.address}", "--listen=127.0.0.1:0", f"--token-file={token_file}")
    with emulator(*arguments, f"--certificate={certificate}", f"--key={key}") as process:
        url = listening(process)
        assert url.startswith("https://127.0.0.1:")
        assert status(url, TOKEN, ssl.create_default_context(cafile=certificate)) == 403


@pytest.mark.parametrize(
    ("change", "complaint", "code"),
    [
        ({"--token-file": "{folder}/none"}, "none", 3),
        ({"--token-file": "{folder}/empty"}, "there is no token in", 3),
        ({"--certificate": "{folder}/empty"}, "empty", 3),
        ({"--listen": "192.0.2.99:0"}, "192.0.2.99", 3),
        ({"--listen": "nonsense"}, "'nonsense' is not HOST:PORT", 2),
        ({"--broker": "host:port"}, "'host:port' is not HOST:PORT", 2),
        ({"--broker": "host:70000"}, "'host:70000' is not HOST:PORT", 2),
        ({"--broker": ":1883"}, "':1883' is not HOST:PORT", 2),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_without_a_traceback_or_the_token(
    mosquitto: Mosquitto, token_file: Path, change: dict[str, str], complaint: str, code: int
) -> None:
    folder = token_file.parent
    (folder / "empty").touch()
    options = {
        "--broker": str(mosquitto.address),
        "--listen": "127.0.0.1:0",
        "--token-file": str(token_file),
        **{option: value.format(folder=folder) for option, value in change.items()},
    }
    with emulator(*(f"{option}={value}" for option, value in options.items())) as process:
        output, complaints = process.communicate(timeout=30)
        assert (process.returncode, output) == (code, "")
        assert complaint in complaints
        assert "Traceback" not in complaints
        assert TOKEN not in complaints
