"""`bundlekit pack` as it is typed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.pack.folders import BUNDLE, MANIFEST, make_folder

ARCHIVE = "thermostat-1.2.0.tar.gz"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a bundle in it, where the commands are typed."""
    make_folder(tmp_path / "thermostat")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_archive_lies_beside_the_user_and_its_digest_is_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "thermostat"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{_digest(here / ARCHIVE)}  {ARCHIVE}\n"
    assert err == f"packed: thermostat 1.2.0, 4 files, {(here / ARCHIVE).stat().st_size} bytes\n"


def test_what_is_printed_is_read_by_sha256sum(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pack", "thermostat", "-o", "dist/new"])
    printed = capsys.readouterr().out
    assert printed.endswith(f"  dist/new/{ARCHIVE}\n")
    subprocess.run(["sha256sum", "-c", "--strict"], input=printed, text=True, check=True, capture_output=True)


def test_name_of_an_archive_as_the_folder_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "thermostat", "-o", "dist/mine.tar.gz"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "-o dist/mine.tar.gz would make a folder" in err
    assert "hint: give the folder, such as -o dist," in err
    assert not (here / "dist").exists()


def test_in_the_folder_itself_no_path_is_needed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("thermostat")
    assert main(["pack"]) == 0
    digest = _digest(Path(ARCHIVE))
    assert main(["pack"]) == 0
    assert _digest(Path(ARCHIVE)) == digest
    assert main(["pack", "-o", "dist"]) == 0
    assert _digest(Path("dist", ARCHIVE)) == digest


def test_the_same_archive_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pack", "thermostat"])
    os.utime(ARCHIVE, (1, 1))
    first = capsys.readouterr().out
    assert main(["pack", "thermostat"]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err.partition(":")[0]) == (first, "unchanged")
    assert (here / ARCHIVE).stat().st_mtime == 1


def test_another_archive_of_that_version_is_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ARCHIVE).write_bytes(b"old")
    assert main(["pack", "thermostat"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("packed anew: ")
    assert out.split()[0] == _digest(here / ARCHIVE)


def test_name_like_an_option_is_printed_so_that_it_is_none(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"bundle.json": json.dumps(MANIFEST | {"name": "-rf"}), "data/-rf.json.factory": "{}"}
    make_folder(here / "odd", BUNDLE | files)
    assert main(["pack", "odd"]) == 0
    path = capsys.readouterr().out.split()[1]
    assert path == "./-rf-1.2.0.tar.gz"
    subprocess.run(["tar", "-tzf", path], check=True, capture_output=True)


def test_list_shows_what_goes_in_and_what_not(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more: dict[str, str | bytes] = {
        "x.pyc": "",
        "doc/a": "",
        ".bundleignore": "doc/\n",
        "log/": "",
        "a b.txt": "x" * 1234,
    }
    make_folder(here / "thermostat", more)
    assert main(["pack", "thermostat", "--list"]) == 0
    out, err = capsys.readouterr()
    sizes = {path: int(size) for size, path in (line.strip().split("  ", 1) for line in out.splitlines())}
    assert sizes == {"log/": 0, "a b.txt": 1234} | {path: len(content) for path, content in BUNDLE.items()}
    assert err.splitlines() == [
        f"{sum(sizes.values())}  bytes in all, before they are compressed",
        "left out:",
        "  .bundleignore  (default: .*)",
        "  doc/  (.bundleignore: doc/)",
        "  x.pyc  (default: *.py[co])",
    ]
    assert not (here / ARCHIVE).exists()


def test_names_that_are_left_out_cannot_steer_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(here / "thermostat", {".\x1b[2Jowned": ""})
    assert main(["pack", "thermostat", "--list"]) == 0
    assert "\x1b" not in capsys.readouterr().err


def test_private_key_that_goes_in_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n"
    make_folder(here / "thermostat", {"client.pem": key, ".secret.pem": key})
    assert main(["pack", "thermostat"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "private key" in line]
    assert told == [
        "thermostat/client.pem:1:1: warning BK214 packed-secret: a private key goes into the archive, expected none"
    ]


def test_bundle_with_errors_is_refused_and_they_are_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(here / "thermostat", {"bundle.json": json.dumps(MANIFEST | {"ttl": -1, "role": "other"})})
    assert main(["pack", "thermostat"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "bundle.json" in err
    assert "ttl" in err
    assert "role" in err
    assert [path.name for path in here.iterdir()] == ["thermostat"]


def test_list_of_an_archive_is_that_of_the_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "thermostat", "--list"]) == 0
    listed, _ = capsys.readouterr()
    assert main(["pack", "thermostat"]) == 0
    archive = capsys.readouterr().out.split()[1]
    assert main(["pack", archive, "--list"]) == 0
    out, err = capsys.readouterr()
    assert {*out.split("\n")} > {*listed.split("\n")}
    assert "SHA256SUMS" in out
    assert "left out" not in err
    assert main(["pack", archive]) == 2
    assert main(["pack", "thermostat/index.py", "--list"]) == 3


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (["pack", "thermostat/bundle.json"], 2, "thermostat/bundle.json is not a folder"),
        (["pack", "nowhere"], 2, "'nowhere' does not exist"),
        (["pack", "thermostat", "-o", "thermostat/index.py"], 2, "is a file"),
        (["pack", "thermostat", "-o", "thermostat/index.py/x"], 3, "cannot write thermostat/index.py/x"),
    ],
)
def test_what_cannot_be_is_told(line: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


def test_link_is_refused_by_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "thermostat" / "passwd").symlink_to("/etc/passwd")
    for line in (["pack", "thermostat"], ["pack", "thermostat", "--list"]):
        assert main(line) == 1
        assert "passwd is a link to /etc/passwd" in capsys.readouterr().err
