"""Sigstore bundles as they are checked by `verify-archive` and by `deploy --require-signature`, without a network."""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bundlekit.cli import main
from tests.pack.folders import make_folder
from tests.pack.sigstore_instance import SigstoreInstance

ARCHIVE = "thermostat-1.2.0.tar.gz"
BUNDLE = f"{ARCHIVE}.sigstore.json"
CI, ISSUER = "https://github.com/acme/site/.github/workflows/release.yml@refs/tags/v1", "https://token.example.com"
WHO = ["--identity", CI, "--issuer", ISSUER, "--trusted-root", "root.json"]
INSTANCE = SigstoreInstance()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with an archive that a pipeline has signed, and with what that is checked by."""
    make_folder(tmp_path / "thermostat")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    main(["pack", "thermostat"])
    (tmp_path / "root.json").write_bytes(INSTANCE.trusted_root())
    (tmp_path / BUNDLE).write_bytes(INSTANCE.bundle((tmp_path / ARCHIVE).read_bytes(), CI, ISSUER))
    capsys.readouterr()
    return tmp_path


def test_bundle_by_the_identity_is_accepted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-archive", ARCHIVE, *WHO]) == 0
    assert capsys.readouterr().out == f"{ARCHIVE}: signed by {CI}, of {ISSUER}\n"
    (here / BUNDLE).rename("elsewhere")
    assert main(["verify-archive", ARCHIVE, *WHO]) == 1
    assert "has no sigstore bundle" in capsys.readouterr().err
    assert main(["verify-archive", ARCHIVE, *WHO, "--sigstore", "elsewhere"]) == 0
    assert main(["pack", "thermostat", "-o", "thermostat"]) == 0
    Path("elsewhere").rename(f"thermostat/{BUNDLE}")
    capsys.readouterr()
    main(["pack", "thermostat", "--list"])
    assert BUNDLE not in capsys.readouterr().out.split("not packed")[0]


# What somebody does who wants another archive to pass, or that of another.
def _archive(here: Path) -> bytes:
    return (here / ARCHIVE).read_bytes()


def _changed(here: Path, change: Callable[[dict[str, Any]], object]) -> bytes:
    said = json.loads((here / BUNDLE).read_bytes())
    change(said)
    return json.dumps(said).encode()


def _entry(said: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = said["verificationMaterial"]["tlogEntries"][0]
    return entry


def _flipped(holder: dict[str, Any], key: str) -> None:
    data = bytearray(b64decode(holder[key]))
    data[-1] ^= 1
    holder[key] = b64encode(data).decode()


_LATER = datetime(2026, 6, 1, tzinfo=UTC)
_ATTACKS: dict[str, Callable[[Path], bytes]] = {
    "somebody else": lambda here: INSTANCE.bundle(_archive(here), "https://github.com/eve/site", ISSUER),
    "longer identity": lambda here: INSTANCE.bundle(_archive(here), f"{CI}.1", ISSUER),
    "e-mail": lambda here: INSTANCE.bundle(_archive(here), "ci@example.com", ISSUER),
    "other issuer": lambda here: INSTANCE.bundle(_archive(here), CI, f"{ISSUER}.eve.example"),
    "other archive": lambda here: INSTANCE.bundle(_archive(here) + b"x", CI, ISSUER),
    "own instance": lambda here: SigstoreInstance().bundle(_archive(here), CI, ISSUER),
    "certificate was over": lambda here: INSTANCE.bundle(_archive(here), CI, ISSUER, at=_LATER),
    "no time": lambda here: _changed(here, lambda said: _entry(said).pop("inclusionPromise")),
    "other time": lambda here: _changed(here, lambda said: _entry(said).update(integratedTime="1769731300")),
    "no log": lambda here: _changed(here, lambda said: said["verificationMaterial"].update(tlogEntries=[])),
    "no proof": lambda here: _changed(here, lambda said: _entry(said).pop("inclusionProof")),
    "other log entry": lambda here: _changed(here, lambda said: _flipped(_entry(said), "canonicalizedBody")),
    "other root": lambda here: _changed(here, lambda said: _flipped(_entry(said)["inclusionProof"], "rootHash")),
    "other signature": lambda here: _changed(here, lambda said: _flipped(said["messageSignature"], "signature")),
    "other certificate": lambda here: _changed(
        here, lambda said: _flipped(said["verificationMaterial"]["certificate"], "rawBytes")
    ),
    "no signature": lambda here: _changed(here, lambda said: said.pop("messageSignature")),
    "list": lambda _: b"[]",
    "nothing": lambda _: b"",
    "no text": lambda _: b"\xff\x00",
    "deep": lambda _: b'{"a":' * 100_000,
    "large": lambda here: b" " * (1 << 20) + _changed(here, lambda _: None),
}


@pytest.mark.parametrize("attack", _ATTACKS)
def test_bundle_that_proves_something_else_is_refused(
    attack: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / BUNDLE).write_bytes(_ATTACKS[attack](here))
    assert main(["verify-archive", ARCHIVE, *WHO]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"does not prove that {CI} has signed {ARCHIVE}" in printed.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--identity", CI], "--identity and --issuer go together"),
        (["--issuer", ISSUER], "--identity and --issuer go together"),
        (["--identity", CI, "--issuer", ""], "one of them is empty"),
        (["--identity", " ", "--issuer", ISSUER], "one of them is empty"),
        (["--trusted-root", "root.json"], "--trusted-root goes with"),
        (["--sigstore", BUNDLE, "--signers", "root.json"], "--sigstore needs --identity"),
        ([], "nothing says who may sign"),
    ],
)
def test_half_of_an_identity_is_a_usage_error(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-archive", ARCHIVE, *words]) == 2
    assert said in capsys.readouterr().err


def test_keys_that_cannot_be_had_are_an_error(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "root.json").write_text("{}")
    assert main(["verify-archive", ARCHIVE, *WHO]) == 3
    assert "cannot be read from the file root.json" in capsys.readouterr().err
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert main(["verify-archive", ARCHIVE, *WHO[:4]]) == 3
    assert "from Sigstore's public instance" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "sigstore.models", None)
    assert main(["verify-archive", ARCHIVE, *WHO]) == 3
    assert "bundlekit[sigstore]" in capsys.readouterr().err


def test_deploy_checks_the_identity_of_the_settings(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = f'sigstore = {{ identity = "{CI}", issuer = "{ISSUER}", trusted-root = "root.json" }}\n'
    (here / "bundlekit.toml").write_text(settings)
    nowhere = ["deploy", "moxa@127.0.0.1:1", "--bundle", ARCHIVE]
    assert main(["verify-archive", ARCHIVE]) == 0
    assert main([*nowhere, "--require-signature"]) == 3  # nobody answers there: it was tried
    assert "does not prove" not in capsys.readouterr().err
    (here / BUNDLE).write_bytes(INSTANCE.bundle(b"another", CI, ISSUER))
    for words in (["--require-signature"], []):
        assert main([*nowhere, *words]) == 1
        assert "does not prove" in capsys.readouterr().err
    (here / BUNDLE).unlink()
    assert main([*nowhere, "--require-signature"]) == 1
    assert "has no sigstore bundle" in capsys.readouterr().err
    assert main(nowhere) == 3
    # With both in the settings, both have to be there.
    (here / "allowed_signers").write_text("")
    (here / "bundlekit.toml").write_text(f'signers = "allowed_signers"\n{settings}')
    (here / BUNDLE).write_bytes(INSTANCE.bundle(_archive(here), CI, ISSUER))
    capsys.readouterr()
    assert main([*nowhere, "--require-signature"]) == 1
    assert "has no signature" in capsys.readouterr().err
    (here / "bundlekit.toml").write_text(settings)
    (here / "root.json").chmod(0o666)
    assert main([*nowhere, "--require-signature"]) == 3
    assert "root.json in the settings is not safe" in capsys.readouterr().err
