"""What is told of the files around bundle.json and index.py, and what is not."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.version_control import is_tracked
from bundlekit.lint import check
from tests.lint.bundles import bundle, codes, found

SETTINGS = {"data/example.json": "{}", "data/example.json.backup": "{}"}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a sound bundle in `box`, which has been run there."""
    made = bundle(SETTINGS)
    for path in made.files.entries:
        place = tmp_path / "box" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(made.files.read(path))
    git(tmp_path, "init", "-q")
    return tmp_path


def told(folder: Path) -> list[tuple[str, str]]:
    return [(one.rule, one.file) for one in check(Bundle.in_folder(folder))]


def test_settings_in_an_archive_are_told() -> None:
    packed = replace(bundle(SETTINGS), in_archive=True)
    assert [(one.rule, one.file) for one in found(packed)] == [
        ("runtime-settings", "box:data/example.json"),
        ("runtime-settings", "box:data/example.json.backup"),
    ]


def test_settings_beside_a_bundle_are_no_fault() -> None:
    assert codes(bundle(SETTINGS)) == []


def test_other_json_files_in_an_archive_are_no_settings() -> None:
    assert codes(replace(bundle({"data/table.json": "{}", "example.json": "{}"}), in_archive=True)) == []


def test_settings_that_git_keeps_are_told(repository: Path) -> None:
    git(repository, "add", "-f", ".")
    box = repository / "box"
    assert told(box) == [
        ("runtime-settings", str(box / "data/example.json")),
        ("runtime-settings", str(box / "data/example.json.backup")),
    ]


def test_settings_that_git_does_not_keep_are_no_fault(repository: Path) -> None:
    (repository / "example.json").write_text("{}")
    (repository / "box/more/data").mkdir(parents=True)
    (repository / "box/more/data/example.json").write_text("{}")
    (repository / ".gitignore").write_text("/box/data/*.json\n/box/data/*.backup\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "all")
    assert told(repository / "box") == []


@pytest.mark.parametrize("version", [2, 3])
def test_what_git_keeps_is_known(repository: Path, version: int) -> None:
    git(repository, "add", "-f", "box/data/example.json", "box/index.py")
    if version == 3:  # the flag that makes git write the longer form
        git(repository, "update-index", "--skip-worktree", "box/data/example.json")
    assert (repository / ".git/index").read_bytes()[4:8] == bytes([0, 0, 0, version])
    assert is_tracked(repository / "box", "data/example.json")
    assert is_tracked(repository / "box", "index.py")
    assert is_tracked(repository, "box/index.py")
    assert not is_tracked(repository / "box", "ndex.py")
    assert not is_tracked(repository / "box", "bundle.json")
    assert not is_tracked(repository, "index.py")


def test_what_git_keeps_in_a_worktree_is_known(repository: Path) -> None:
    git(repository, "add", "-f", ".")
    git(repository, "commit", "-qm", "all")
    git(repository, "worktree", "add", "-q", "other")
    assert is_tracked(repository / "other/box", "data/example.json")


@pytest.mark.parametrize(
    "index", [b"", b"DIRC", b"DIRC\0\0\0\x04box/index.py\0", b"\0" * 100, b"DIRC\0\0\0\2\0\1box/index.py\0"]
)
def test_index_that_says_nothing_certain_is_passed_over(repository: Path, index: bytes) -> None:
    (repository / ".git/index").write_bytes(index)
    assert not is_tracked(repository / "box", "index.py")


def test_repository_that_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert not is_tracked(tmp_path, "index.py")


def test_several_factory_files_under_other_names_are_one_finding() -> None:
    files = {"data/example.json.factory": None, "data/a.json.factory": "{}", "data/b.json.factory": "{}"}
    (finding,) = found(bundle(files))
    assert (finding.rule, finding.hint) == ("misnamed-factory", "rename data/a.json.factory")


def test_more_factory_files_than_one_are_no_fault() -> None:
    assert codes(bundle({"data/other.json.factory": "{}"})) == []
