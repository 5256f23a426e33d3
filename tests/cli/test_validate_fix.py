"""`validate --fix` and `--diff`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.cli.test_validate import archive, make


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle that has a fault to be mended and one that is not."""
    folder = make(tmp_path / "bad", resources=[{"methods": ["get", "put"], "resource": "/example"}], ttl=0)
    text = (folder / "bundle.json").read_text()
    (folder / "bundle.json").write_text(text.replace('"put"', '"PUT"'))
    (folder / "bundle.json").chmod(0o640)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(["validate", *arguments]) == code
    return capsys.readouterr()


def test_fix_writes_and_tells_the_rest(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    place = here / "bad" / "bundle.json"
    before = place.read_text()
    out, err = run("--fix", code=1, capsys=capsys)
    assert place.read_text() == before.replace('"PUT"', '"put"')
    assert place.stat().st_mode & 0o777 == 0o640
    assert "BK107" in out
    assert "BK117" not in out
    rest = "1 bundle: 1 error\n1 can be corrected with --fix --unsafe-fixes\n"
    assert err == f"fixed: 1 finding in bad\n{rest}"
    assert run("--fix", code=1, capsys=capsys) == (out, rest)
    assert {path.name for path in (here / "bad").iterdir()} == {"bundle.json", "data", "index.py"}


def test_unsafe_fixes_are_made_when_they_are_asked_for(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    place = here / "bad" / "bundle.json"
    before = place.read_text()
    _, err = run(code=1, capsys=capsys)
    assert err == "1 bundle: 2 errors\n1 can be corrected with --fix, 1 more with --unsafe-fixes\n"
    out, _ = run("--diff", "--unsafe-fixes", code=1, capsys=capsys)
    assert place.read_text() == before
    _, err = run("--fix", "--unsafe-fixes", code=0, capsys=capsys)
    assert err == "fixed: 2 findings in bad\nbad: clean\n"
    assert place.read_text() == before.replace('"PUT"', '"put"').replace('"ttl": 0', '"ttl": 60')
    place.write_text(before)
    subprocess.run(["git", "apply", "-p0"], cwd=here, input=out, text=True, check=True)
    assert run("--diff", "--unsafe-fixes", code=0, capsys=capsys) == ("", "")


def test_unsafe_fixes_alone_change_nothing(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    before = (here / "bad" / "bundle.json").read_bytes()
    _, err = run("--unsafe-fixes", code=2, capsys=capsys)
    assert "--unsafe-fixes goes with --fix or --diff" in err
    assert (here / "bad" / "bundle.json").read_bytes() == before


def test_diff_writes_nothing_and_patch_takes_it(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    place = here / "bad" / "bundle.json"
    before = place.read_bytes()
    place.write_bytes(before.rstrip())
    out, err = run("--diff", code=1, capsys=capsys)
    assert err == ""
    assert place.read_bytes() == before.rstrip()
    subprocess.run(["git", "apply", "-p0"], cwd=here, input=out, text=True, check=True)
    assert place.read_bytes() == before.rstrip().replace(b'"PUT"', b'"put"')
    assert run("--diff", code=0, capsys=capsys) == ("", "")


def test_no_fix_goes_through_a_link(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    place = here / "bad" / "bundle.json"
    place.rename(here / "elsewhere.json")
    place.symlink_to(here / "elsewhere.json")
    before = (here / "elsewhere.json").read_bytes()
    run("--fix", "bad", code=1, capsys=capsys)
    assert place.is_symlink()
    assert (here / "elsewhere.json").read_bytes() == before


def test_archives_are_left_as_they_are(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    archive(here / "bad.tar.gz", here / "bad")
    before = (here / "bad.tar.gz").read_bytes()
    assert "BK117" in run("--fix", "bad.tar.gz", code=1, capsys=capsys)[0]
    assert run("--diff", "bad.tar.gz", code=0, capsys=capsys) == ("", "")
    assert (here / "bad.tar.gz").read_bytes() == before


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_standard_input_is_not_mended(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = run(option, "-", "--stdin-filename", "bad/bundle.json", code=2, capsys=capsys)
    assert "go with files, not with standard input" in err


def test_file_that_changed_meanwhile_is_left_as_it_is(here: Path) -> None:
    from bundlekit.cli.autofix import _write
    from bundlekit.errors import CouldNotRun

    place = here / "bad" / "bundle.json"
    before = place.read_bytes()
    with pytest.raises(CouldNotRun, match="has changed meanwhile"):
        _write(place, "bad/bundle.json", before + b" ", b"")
    assert place.read_bytes() == before
    with pytest.raises(CouldNotRun, match="cannot write"):
        _write(here / "bad" / "gone.json", "bad/gone.json", b"", b"")
