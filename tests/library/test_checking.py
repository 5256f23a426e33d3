"""`bundlekit.validate` and `bundlekit.pack`, as a program uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bundlekit
from bundlekit.cli import main
from bundlekit.errors import BadUsage, Unreadable
from tests.cli.test_validate import make_own


def test_validate_finds_what_the_command_line_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_own(tmp_path / "a", author={})
    found = bundlekit.validate(folder)
    assert main(["validate", "--format", "json", str(folder)]) == 1
    findings = json.loads(capsys.readouterr().out)["bundles"][0]["findings"]
    assert [one["code"] for one in findings] == [one.code for one in found.findings]
    assert not found.passed
    assert {one.code for one in found.failing} == {"BK102"}
    assert bundlekit.validate(folder, ignore=["BK102"]).passed
    assert [one.code for one in bundlekit.validate(folder, ignore=["BK102"]).overridden] == ["BK102"]
    with pytest.raises(BadUsage, match="no rule"):
        bundlekit.validate(folder, select=["BK999"])


def test_settings_and_the_baseline_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_own(tmp_path / "a", author={})
    (tmp_path / "bundlekit.toml").write_text('baseline = "known.json"')
    assert main(["validate", "--write-baseline", str(folder)]) == 0
    capsys.readouterr()
    found = bundlekit.validate(folder)
    assert (found.passed, found.findings, found.known) == (True, (), 1)
    assert not bundlekit.validate(folder, no_config=True).passed
    assert bundlekit.pack(folder).name == "a"
    assert capsys.readouterr() == ("", "")


def test_settings_of_another_user_do_not_count_and_are_named(tmp_path: Path) -> None:
    folder = make_own(tmp_path / "a", author={})
    (tmp_path / "bundlekit.toml").write_text('ignore = ["ALL"]')
    (tmp_path / "bundlekit.toml").chmod(0o666)
    found = bundlekit.validate(folder)
    assert not found.passed
    assert [note for note in found.notes if "bundlekit.toml do not count" in note] == list(found.notes) != []


def test_pack_refuses_errors_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(bundlekit.Refused, match="has 1 error") as refused:
        bundlekit.pack(make_own(tmp_path / "a", author={}))
    assert "BK102" in refused.value.details[0]
    with pytest.raises(Unreadable, match="no bundle"):
        bundlekit.pack(tmp_path)
    with pytest.raises(Unreadable, match="no bundle"):
        bundlekit.validate(tmp_path)


def test_archive_is_that_of_the_command_line_and_is_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_own(tmp_path / "a")
    archive = bundlekit.pack(folder)
    assert main(["pack", str(folder), "-o", str(tmp_path)]) == 0
    digest, path = capsys.readouterr().out.split()
    assert (archive.digest, Path(path).read_bytes()) == (digest, archive.data)
    written = archive.write(tmp_path / "dist")
    assert bundlekit.read_archive(written) == archive
    assert bundlekit.validate(written).passed
    with pytest.raises(BadUsage, match="is a folder"):
        bundlekit.read_archive(folder)
    with pytest.raises(BadUsage, match="is not a folder"):
        bundlekit.pack(written)
