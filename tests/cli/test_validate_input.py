"""`bundlekit validate -`: one file as it stands in an editor."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.bundle.overlay import Overlaid
from bundlekit.cli import main
from tests.cli.test_validate import make
from tests.lint.bundles import MANIFEST, codes

HANDLER = '    @Route("/other", "get")\n    def other(self, message, response): return response(code=200)\n'
SOUND = json.dumps(MANIFEST, indent=2)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle in which something is found in bundle.json and in index.py as they lie on the disk."""
    make(tmp_path / "box", ttl="60")
    with (tmp_path / "box" / "index.py").open("a") as index:
        index.write(HANDLER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Check(Protocol):
    def __call__(self, content: str | bytes, *arguments: str, code: int) -> tuple[str, str]: ...


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    """Validates with something on standard input, and gives what was printed."""

    def run(content: str | bytes, *arguments: str, code: int) -> tuple[str, str]:
        given = content.encode() if isinstance(content, str) else content
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert main(["validate", *arguments]) == code
        return capsys.readouterr()

    return run


def test_findings_of_that_file_alone_are_told(run: Check) -> None:
    manifest = json.dumps({**MANIFEST, "ttl": "x"}, indent=2)
    out, err = run(manifest, "-", "--stdin-filename", "box/bundle.json", code=1)
    assert out.startswith('box/bundle.json:15:10: error BK102 wrong-type: ttl is "x", expected a number\n')
    assert "index.py" not in out
    assert err == "1 bundle: 1 error\n"


def test_what_stands_in_the_editor_counts_and_not_what_is_saved(run: Check) -> None:
    told = run(SOUND, "-", "--stdin-filename", "box/bundle.json", code=0)
    assert told == ("", "box/bundle.json: clean\n")


def test_rest_of_the_bundle_is_that_on_the_disk(run: Check) -> None:
    source = f"from sanji.core import Route, Sanji\nclass B(Sanji):\n{HANDLER}"
    out, _ = run(source, "-", "--stdin-filename", "box/index.py", code=0)
    assert "box/index.py:3:12: warning BK302 undeclared-resource" in out


@pytest.mark.parametrize(
    ("folder", "named", "shown"),
    [
        ("box", "bundle.json", "bundle.json"),
        ("box", "./data/../bundle.json", "data/../bundle.json"),
        ("box/data", "../bundle.json", "../bundle.json"),
        ("box/data", "example.json.factory", "../data/example.json.factory"),
    ],
)
def test_file_is_called_as_in_any_other_check(
    folder: str,
    named: str,
    shown: str,
    run: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    out, _ = run("{", "-", "--stdin-filename", named, code=1)
    assert out.splitlines()[0].startswith(f"{shown}:1:2: error BK208 not-json:")


def test_bundle_that_is_not_saved_yet_is_checked(run: Check) -> None:
    out, _ = run(SOUND.replace('"example"', '"no_name"'), "-", "--stdin-filename", "new/bundle.json", code=1)
    assert out.startswith("new/bundle.json:2:11: error BK103 bad-name:")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["-"], 2, "error: - is a file on standard input\n hint: --stdin-filename says which"),
        (["box", "--stdin-filename", "box/index.py"], 2, "--stdin-filename goes with - as the only PATH"),
        (["-", "box", "--stdin-filename", "box/index.py"], 2, "--stdin-filename goes with - as the only PATH"),
        (["--stdin-filename", "box/index.py"], 2, "--stdin-filename goes with - as the only PATH"),
        (["-", "--stdin-filename", "index.py"], 3, "index.py belongs to no bundle"),
        (["-", "--stdin-filename", "index.py", "--skip-foreign"], 0, "no bundle was checked"),
    ],
)
def test_what_makes_no_sense_is_told(
    arguments: list[str],
    code: int,
    told: str,
    run: Check,
) -> None:
    out, err = run("", *arguments, code=code)
    assert out == ""
    assert told in err


def test_bundle_called_like_standard_input_is_checked_as_ever(run: Check, here: Path) -> None:
    make(here / "-")
    assert run("{", "-", code=0) == ("", "-: clean\n")


def test_bytes_that_are_no_text_are_a_finding(run: Check) -> None:
    out, _ = run(b"\xff{", "-", "--stdin-filename", "box/bundle.json", code=1)
    assert "not-utf8" in out


def test_input_without_an_end_is_not_read_to_it(here: Path) -> None:
    command = [sys.executable, "-m", "bundlekit", "validate", "-", "--stdin-filename", "box/bundle.json"]
    with Path("/dev/zero").open("rb") as endless:
        ended = subprocess.run(command, stdin=endless, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "BK205 too-large: bundle.json is larger than 256 KiB" in ended.stdout


def test_input_that_is_closed_is_told(here: Path) -> None:
    command = [sys.executable, "-m", "bundlekit", "validate", "-", "--stdin-filename", "box/bundle.json"]
    closing = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    ended = subprocess.run(closing, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: standard input is closed\n"


def test_overlay_lists_what_there_is_and_what_is_laid_over(here: Path) -> None:
    files = Overlaid(FolderFiles(here / "box"), "data/new", b"abc")
    assert list(files.entries) == [
        *("bundle.json", "data", "data/example.json.factory", "data/new", "index.py"),
    ]
    assert len(files.entries) == 5
    assert files.read("data/new", 2) == b"ab"
    assert files.read("data/example.json.factory") == b"{}"
    assert codes(Bundle("box", Overlaid(files, "bundle.json", SOUND.encode()))) == ["undeclared-resource"]
