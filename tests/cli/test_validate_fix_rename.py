"""`validate --fix` gives a factory file the name of its bundle, and loses nothing on the way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bundlekit.cli import autofix, main
from bundlekit.errors import CouldNotRun
from tests.cli.test_validate import make
from tests.lint.bundles import keeper

OLD, NEW = "data/other.json.factory", "data/example.json.factory"


@pytest.fixture(autouse=True)
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle with a factory file of another name, and a method in upper case."""
    folder = make(tmp_path / "box")
    (folder / "index.py").write_text(keeper())
    (folder / NEW).rename(folder / OLD)
    (folder / OLD).write_text('{"kept": true}\n')
    (folder / OLD).chmod(0o640)
    manifest = (folder / "bundle.json").read_text()
    (folder / "bundle.json").write_text(manifest.replace('"put"', '"PUT"'))
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(["validate", *arguments, "box"]) == code
    return capsys.readouterr()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_fix_renames_and_tells(capsys: pytest.CaptureFixture[str], box: Path) -> None:
    before = files(box)
    _, err = run("--fix", code=0, capsys=capsys)
    assert err.splitlines() == [f"renamed: box/{OLD} to box/{NEW}", "fixed: 2 findings in box", "box: clean"]
    after = files(box)
    assert after.keys() == before.keys() - {OLD} | {NEW}
    assert after[NEW] == before[OLD]
    assert (box / NEW).stat().st_mode & 0o777 == 0o640
    assert (box / NEW).stat().st_nlink == 1


def test_diff_is_a_rename_that_git_takes(capsys: pytest.CaptureFixture[str], box: Path) -> None:
    out, _ = run("--diff", code=1, capsys=capsys)
    assert f"rename from box/{OLD}\nrename to box/{NEW}\n" in out
    assert (box / OLD).exists()
    subprocess.run(["git", "apply", "-p0"], input=out, text=True, check=True, capture_output=True)
    assert (box / NEW).read_text() == '{"kept": true}\n'
    assert not (box / OLD).exists()
    assert run("--diff", code=0, capsys=capsys) == ("", "")


@pytest.mark.parametrize("what", ["file", "folder", "link to nothing"])
def test_no_file_is_overwritten_that_comes_meanwhile(what: str, box: Path) -> None:
    from bundlekit.bundle.bundle import Bundle

    match what:
        case "file":
            (box / NEW).write_text("mine")
        case "folder":
            (box / NEW).mkdir()
        case _:
            (box / NEW).symlink_to("nothing")
    before = files(box)
    with pytest.raises(CouldNotRun, match="there is a box/data/example") as caught:
        autofix._rename(box, Bundle.in_folder(Path("box")), OLD, NEW)
    assert caught.value.kept == "both were left as they are"
    assert files(box) == before


def test_no_rename_goes_through_a_link(capsys: pytest.CaptureFixture[str], box: Path, tmp_path: Path) -> None:
    from bundlekit.bundle.bundle import Bundle

    shutil.move(box / "data", tmp_path / "elsewhere")
    (box / "data").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path / "elsewhere")
    run("--fix", code=1, capsys=capsys)
    with pytest.raises(CouldNotRun, match="cannot rename"):
        autofix._rename(box, Bundle.in_folder(Path("box")), OLD, NEW)
    assert files(tmp_path / "elsewhere") == before


def test_link_in_place_of_the_file_is_left_as_it_is(box: Path, tmp_path: Path) -> None:
    from bundlekit.bundle.bundle import Bundle

    (box / OLD).rename(tmp_path / "elsewhere")
    (box / OLD).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CouldNotRun, match="has changed meanwhile"):
        autofix._rename(box, Bundle.in_folder(Path("box")), OLD, NEW)
    assert (box / OLD).is_symlink()
    assert not (box / NEW).exists()


def test_disk_without_second_names_gets_a_copy_first(
    capsys: pytest.CaptureFixture[str], box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    run("--fix", code=0, capsys=capsys)
    assert files(box)[NEW] == b'{"kept": true}\n'
    assert (box / NEW).stat().st_mode & 0o777 == 0o640
    assert not (box / OLD).exists()


def test_rename_that_fails_midway_is_taken_back_and_tells_what_was_done(
    capsys: pytest.CaptureFixture[str], box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def refuse(path: str, **how: Any) -> None:
        if path == "other.json.factory":
            raise OSError(errno.EIO, "Input/output error")
        unlink(path, **how)

    monkeypatch.setattr(os, "unlink", refuse)
    before = files(box)
    _, err = run("--fix", code=3, capsys=capsys)
    assert "cannot rename box/data/other.json.factory: Input/output error" in err
    assert "it was left as it is; box/bundle.json is mended" in err
    after = files(box)
    assert {path: after[path] for path in before if path != "bundle.json"} == {
        path: content for path, content in before.items() if path != "bundle.json"
    }
    assert after.keys() == before.keys()
    assert json.loads(after["bundle.json"])["resources"][0]["methods"] == ["get", "put"]


def test_copy_that_fails_midway_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    before = files(box)
    run("--fix", "--select", "BK212", code=3, capsys=capsys)
    assert files(box) == before


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_programs_are_told_of_the_rename(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run("--format", form, "--select", "BK212", code=1, capsys=capsys)[0])
    if form == "json":
        (finding,) = told["bundles"][0]["findings"]
        assert finding["rename"] == {"old": f"box/{OLD}", "new": f"box/{NEW}"}
    else:
        (result,) = told["runs"][0]["results"]
        assert result["properties"] == {"rename": {"old": f"box/{OLD}", "new": f"box/{NEW}"}}
        assert "fixes" not in result
