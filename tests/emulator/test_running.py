"""Which emulated gateways run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.emulator.running import RunningGateway, announce, running

ONE = RunningGateway("run", "https://127.0.0.1:8443", Path("/c.pem"), Path("/token"), what="thermostat")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "bundlekit" / "running"


def test_one_that_runs_is_found_and_one_that_ended_is_not() -> None:
    with announce(ONE):
        (found,) = running()
        assert (found.url, found.certificate, found.what, found.pid) == (
            ONE.url,
            ONE.certificate,
            ONE.what,
            os.getpid(),
        )
    assert running() == []


def test_the_last_one_comes_first(folder: Path) -> None:
    gateway = RunningGateway("gateway", "https://127.0.0.1:1", Path("/c"), Path("/t"), ssh="127.0.0.1:2222")
    with announce(gateway), announce(ONE):
        (first,) = folder.glob("*-gateway.json")
        os.utime(first, (1, 1))
        assert [one.kind for one in running()] == ["run", "gateway"]


def test_what_a_killed_one_left_is_cleared_away(folder: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with announce(ONE):
        (file,) = folder.glob("*.json")
        record = json.loads(file.read_text())
        left = folder / "0-run.json"
        left.write_text(json.dumps(record | {"pid": ended.pid}))
        # The same number, but another process.
        other = folder / "1-run.json"
        other.write_text(json.dumps(record | {"born": "1"}))
        assert [one.pid for one in running()] == [os.getpid()]
        assert not left.exists()
        assert not other.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "nothing", '{"pid": 1, "born": "x"}'])
def test_a_damaged_record_counts_for_none(folder: Path, content: str) -> None:
    folder.mkdir(parents=True)
    (folder / "7-run.json").write_text(content)
    assert running() == []


def test_a_record_is_for_its_owner_alone(folder: Path) -> None:
    with announce(ONE):
        (file,) = folder.glob("*.json")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
