"""`bundlekit deploy` as it is typed, up to the connection."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.pack.folders import make_folder


@pytest.fixture
def nobody() -> str:
    """A target at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"moxa@127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("named", [[], ["--bundle", "."], ["--bundle", "./"]])
def test_bundle_in_this_folder_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], nobody: str, named: list[str]
) -> None:
    monkeypatch.chdir(make_folder(tmp_path / "thermostat"))
    assert main(["deploy", nobody, *named]) == 3
    assert "refuses connections" in capsys.readouterr().err


def test_folder_where_a_signature_is_required_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], nobody: str
) -> None:
    folder = make_folder(tmp_path / "thermostat")
    (folder / "bundlekit.toml").write_text('signers = "allowed_signers"')
    (folder / "allowed_signers").touch()
    monkeypatch.chdir(folder)
    assert main(["deploy", nobody, "--require-signature"]) == 1
    assert "error: . is a folder, which has no signature\n" in capsys.readouterr().err
