"""An update in a git repository, and an update that is killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun, Refused
from bundlekit.scaffold.journal import JOURNAL
from bundlekit.scaffold.merge import ChangeKind, changes
from bundlekit.scaffold.template_record import RECORD, TemplateFile, TemplateRecord
from bundlekit.scaffold.update import Update, complete_interrupted, write_update

DIGEST = "0" * 64
LINES = b"".join(b"line %d\n" % number for number in range(1, 13))
BASE = {"data/clean": LINES, "both": LINES, "gone": LINES, "far": LINES}
THEIRS = {
    "data/clean": LINES.replace(b"line 2\n", b"line two\n"),
    "both": LINES.replace(b"line 2\n", b"line two\n"),
    "far": LINES.replace(b"line 2\n", b"line two\n"),
    "tests/new": b"new\n",
}
OURS = BASE | {"both": LINES.replace(b"line 2\n", b"mine 2\n"), "far": LINES + b"mine 13\n"}
MINE = {"both": b"mine 2\n", "far": b"mine 13\n"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def tree(files: dict[str, bytes]) -> dict[str, TemplateFile]:
    return {path: TemplateFile(content) for path, content in files.items()}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with a space in its path, committed as a part of a repository."""
    top = tmp_path / "top"
    folder = top / "some where"
    for path, content in {**OURS, "bundle.json": b"{}", RECORD: TemplateRecord(DIGEST, tree(BASE)).dumped()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    git(top, "init", "-q", "--template=", ".")
    for key, value in {"user.name": "Jo", "user.email": "jo@example.com", "core.autocrlf": "false"}.items():
        git(top, "config", key, value)
    git(top, "add", ".")
    git(top, "commit", "-qm", "one")
    return folder


def update(folder: Path, *, allow_dirty: bool = False) -> dict[str, ChangeKind]:
    found = changes(tree(BASE), tree(THEIRS), Bundle.in_folder(folder))
    new = Update(TemplateRecord(DIGEST, tree(THEIRS)), tuple(found))
    return {one.path: one.kind for one in write_update(folder, new, allow_dirty=allow_dirty)[0]}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_conflict_is_in_the_index_as_after_a_merge(bundle: Path) -> None:
    assert update(bundle) == {
        "both": ChangeKind.CONFLICT,
        "data/clean": ChangeKind.CHANGED,
        "far": ChangeKind.MERGED,
        "gone": ChangeKind.REMOVED,
        "tests/new": ChangeKind.ADDED,
    }
    listed = git(bundle, "ls-files", "-u", "--full-name").splitlines()
    assert [line.split("\t")[1] for line in listed] == ["some where/both"] * 3
    stages = [git(bundle, "show", f":{stage}:./both").encode() for stage in (1, 2, 3)]
    assert stages == [BASE["both"], OURS["both"], THEIRS["both"]]
    assert git(bundle, "status", "--short").splitlines() == [
        " M .bundlekit/template.json",
        "UU both",
        " M data/clean",
        " M far",
        " D gone",
        "?? tests/",
    ]
    # git itself resolves it: the version of the user again, and nothing is unmerged any more.
    git(bundle, "checkout", "--ours", "both")
    assert (bundle / "both").read_bytes() == OURS["both"]
    git(bundle, "add", "-A", ".")
    assert git(bundle, "ls-files", "-u") == ""


def test_merge_tool_gets_the_three_versions(bundle: Path) -> None:
    update(bundle)
    tool = 'cat "$BASE" "$LOCAL" "$REMOTE" > "$MERGED"'
    settings = ["-c", f"mergetool.all.cmd={tool}", "-c", "mergetool.all.trustExitCode=true"]
    git(bundle, *settings, "mergetool", "--tool=all", "--no-prompt")
    assert (bundle / "both").read_bytes() == BASE["both"] + OURS["both"] + THEIRS["both"]
    assert git(bundle, "ls-files", "-u") == ""


@pytest.mark.parametrize("left", ["far", "tests/unknown"])
def test_folder_with_uncommitted_changes_is_refused(left: str, bundle: Path) -> None:
    (bundle / left).parent.mkdir(exist_ok=True)
    (bundle / left).write_bytes(OURS["far"] + b"mine 14\n")
    before = contents(bundle)
    with pytest.raises(Refused, match="has changes that are not committed"):
        update(bundle)
    assert contents(bundle) == before
    update(bundle, allow_dirty=True)
    assert b"mine 14\n" in (bundle / left).read_bytes()


def test_uncommitted_changes_elsewhere_do_not_matter(bundle: Path) -> None:
    (bundle.parent / "other").write_bytes(b"")
    assert update(bundle)["both"] is ChangeKind.CONFLICT


def test_only_what_git_does_not_have_is_copied_aside(bundle: Path) -> None:
    (bundle / "far").write_bytes(OURS["far"] + b"mine 14\n")
    update(bundle, allow_dirty=True)
    backup = bundle / ".bundlekit/before-update"
    assert contents(backup) == {".gitignore": b"*\n", "far": OURS["far"] + b"mine 14\n"}
    assert "before-update" not in git(bundle, "status", "--short", "--untracked-files=all")


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_change_that_git_was_told_not_to_see_is_copied_aside(bundle: Path, flag: str) -> None:
    git(bundle, "update-index", flag, "far")
    (bundle / "far").write_bytes(OURS["far"] + b"mine 14\n")
    update(bundle)
    assert (bundle / ".bundlekit/before-update/far").read_bytes() == OURS["far"] + b"mine 14\n"


def test_repository_of_somebody_else_runs_no_program(bundle: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\npwd >>{ran}\n")
    program.chmod(0o755)
    inner = bundle / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "--template=", ".")
    git(inner, "-c", "user.name=Jo", "-c", "user.email=jo@example.com", "commit", "-q", "--allow-empty", "-m", "one")
    git(bundle, "-c", "advice.addEmbeddedRepo=false", "add", "inner")
    git(bundle, "commit", "-qm", "two")
    hooks = bundle.parent / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    shutil.copy(program, hooks / "post-index-change")
    for folder in (bundle, inner):
        git(folder, "config", "core.fsmonitor", str(program))
    assert update(bundle)["both"] is ChangeKind.CONFLICT
    assert not ran.exists()
    git(bundle, "status")
    assert "inner" in ran.read_text(), "git itself runs them all"


def test_repository_without_all_objects_runs_no_program_to_fetch_them(bundle: Path, tmp_path: Path) -> None:
    program, top = tmp_path / "program", bundle.parent
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(top),
        "remote.origin.uploadPack": str(program),
    }.items():
        git(top, "config", key, value)
    tree_id = git(top, "rev-parse", "HEAD:some where").strip()
    (top / ".git/objects" / tree_id[:2] / tree_id[2:]).unlink()
    git(top, "read-tree", "--empty")
    with pytest.raises(CouldNotRun, match="git status failed"):
        update(bundle)
    assert not (tmp_path / "ran").exists()


def test_repository_of_a_hook_is_not_taken_for_that_of_the_bundle(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "--template=", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/index"))
    update(bundle)
    monkeypatch.undo()
    assert len(git(bundle, "ls-files", "-u").splitlines()) == 3


_ACTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def killed_at(act: int, folder: Path) -> bool:
    """Update a bundle in another process, which is killed before the given one of its acts on the disk.

    Returns:
        Whether it came to that.
    """
    child = os.fork()
    if child == 0:
        left = act

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            stages = event == "subprocess.Popen" and "update-index" in str(arguments[1])
            if ((event in _ACTS or opens) and str(folder) in str(arguments[0])) or stages:
                left -= 1
                if left < 0:
                    os._exit(9)

        code = 1
        try:
            sys.addaudithook(count)
            update(folder)
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


def test_update_that_is_killed_anywhere_loses_nothing_and_is_completed(bundle: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(bundle.parent, whole)
    update(whole / bundle.name)
    expected = contents(whole / bundle.name)
    index = git(whole, "ls-files", "-s")
    act, journals = 0, 0
    while True:
        copy = tmp_path / f"copy-{act}"
        shutil.copytree(bundle.parent, copy)
        folder = copy / bundle.name
        if not killed_at(act, folder):
            break
        after = contents(folder)
        for path, line in MINE.items():
            assert line in after[path], (act, path)
        for path in ("both", "far", "data/clean"):
            assert after[path] in (OURS[path], expected[path]), (act, path)
        if complete_interrupted(folder) is None:
            # It has changed nothing, or all; what the next one finds on the disk is as before it.
            if after.get(RECORD) != expected[RECORD]:
                assert {path: after[path] for path in OURS} == OURS
                update(folder)
        else:
            journals += 1
        assert contents(folder) == expected, act
        assert git(copy, "ls-files", "-s") == index, act
        shutil.rmtree(copy)
        act += 1
    assert act > 15
    assert journals > 10


def test_work_of_the_user_after_a_kill_is_kept(bundle: Path, tmp_path: Path) -> None:
    """The user works on with files of an update that was killed: before and after their change, and in a conflict."""
    original, act = bundle.parent, 1
    while b"<<<<<<<" not in (bundle / "both").read_bytes():
        bundle = shutil.copytree(original, tmp_path / f"copy-{act}") / bundle.name
        assert killed_at(act, bundle)
        act += 1
    resolved = (bundle / "both").read_bytes().replace(b"mine 2\n", b"mine 2\nand more\n")
    (bundle / "both").write_bytes(resolved)
    (bundle / "far").write_bytes(OURS["far"] + b"mine 14\n")
    (bundle / "gone").write_bytes(LINES + b"mine 15\n")
    assert complete_interrupted(bundle) is not None
    assert (bundle / "both").read_bytes() == resolved
    assert (bundle / "far").read_bytes() == THEIRS["far"] + b"mine 13\nmine 14\n"
    assert (bundle / "gone").read_bytes() == LINES + b"mine 15\n"
    assert not (bundle / JOURNAL).exists()
    assert (bundle / ".bundlekit/before-update/far").read_bytes() == OURS["far"] + b"mine 14\n"
