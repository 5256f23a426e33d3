"""What a terminal is sent besides text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.cli.bar import Bar
from tests.cli.test_validate import make

ESCAPE = b"\x1b"
LOOKS = [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]


def _on_terminal(*arguments: str, environment: dict[str, str]) -> bytes:
    """What a command line shows on a terminal."""
    ours, its = os.openpty()
    command = [sys.executable, "-m", "bundlekit", *arguments]
    surroundings = {**os.environ, "TERM": "xterm", **environment}
    subprocess.run(command, stdout=its, stderr=its, env=surroundings, check=False)
    os.close(its)
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1()


@pytest.mark.parametrize(("environment", "has_colours"), LOOKS)
def test_colours_are_for_who_wants_them(tmp_path: Path, environment: dict[str, str], *, has_colours: bool) -> None:
    make(tmp_path / "box", ttl="60")
    for arguments in (["validate", str(tmp_path / "box")], ["validate", str(tmp_path / "nowhere")]):
        shown = _on_terminal(*arguments, environment=environment)
        assert b"error" in shown
        assert (ESCAPE in shown) is has_colours


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_bar_needs_a_terminal_that_redraws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = Bar("sent", 10)
    bar(5, 10)
    bar.close()
    assert bool(capsys.readouterr().err) is (kind == "xterm")
