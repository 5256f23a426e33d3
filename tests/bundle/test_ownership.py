"""Who can decide what a file says, on real files of other users."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from bundlekit.bundle.ownership import SAFE_FOLDERS, why_foreign
from tests.box.host import as_root

OTHER = 54321


def chown(path: Path, owner: str) -> None:
    """Give a file, not what it leads to, to a user or `:` and a group."""
    as_root(["chown", "-h", owner, path])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of the user's, two folders deep."""
    place = tmp_path / "a" / "b" / "file"
    place.parent.mkdir(parents=True)
    for folder in (place.parent, place.parent.parent):
        folder.chmod(0o755)
    place.touch(mode=0o644)
    return place


def by_owner(file: Path) -> None:
    chown(file, str(OTHER))


def by_folder(file: Path) -> None:
    chown(file.parents[1], str(OTHER))


def by_mode(file: Path) -> None:
    file.chmod(0o646)


def by_mode_of_folder(file: Path) -> None:
    file.parents[1].chmod(0o777)


def by_group(file: Path) -> None:
    chown(file, f":{OTHER}")
    file.chmod(0o664)


def by_group_of_folder(file: Path) -> None:
    chown(file.parent, f":{OTHER}")
    file.parent.chmod(0o775)


def by_link(file: Path) -> None:
    """The link leads to a file of the user's, but another user chose which."""
    file.rename(file.with_name("real"))
    file.symlink_to("real")
    chown(file, str(OTHER))


def by_target(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to("real")
    chown(file.with_name("real"), str(OTHER))


def by_folder_of_target(file: Path) -> None:
    elsewhere = file.parents[2] / "elsewhere"
    elsewhere.mkdir()
    file.rename(elsewhere / "real")
    file.symlink_to(elsewhere / "real")
    chown(elsewhere, str(OTHER))


def by_link_that_leads_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")
    chown(file, str(OTHER))


def by_absence(file: Path) -> None:
    """There is no file yet, but another user can make it."""
    file.unlink()
    file.parent.chmod(0o777)


WAYS: dict[Callable[[Path], None], str] = {
    by_owner: f"b/file belongs to user {OTHER}",
    by_folder: f"/a belongs to user {OTHER}",
    by_mode: "every user can write to",
    by_mode_of_folder: "every user can write to",
    by_group: "a group of other users can write to",
    by_group_of_folder: "a group of other users can write to",
    by_link: f"b/file belongs to user {OTHER}",
    by_target: f"b/real belongs to user {OTHER}",
    by_folder_of_target: f"/elsewhere belongs to user {OTHER}",
    by_link_that_leads_nowhere: f"b/file belongs to user {OTHER}",
    by_absence: "every user can write to",
}


@pytest.mark.parametrize("change", WAYS)
def test_file_is_foreign_by(change: Callable[[Path], None], file: Path) -> None:
    assert why_foreign(file) is None
    change(file)
    assert WAYS[change] in (why_foreign(file) or "")


def test_file_is_foreign_below_a_sticky_folder_only_by_owner(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert why_foreign(file) is None
    chown(file, str(OTHER))
    assert "belongs to" in (why_foreign(file) or "")


def test_file_of_root_and_what_does_not_exist_are_not_foreign(file: Path) -> None:
    assert why_foreign(Path("/etc/passwd")) is None
    assert why_foreign(file.parent / "no" / "such") is None


def test_caller_of_sudo_counts_for_root_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = os.geteuid() or OTHER
    chown(file, str(caller))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", str(caller))
    assert why_foreign(file) is None
    for wrong in ("", "-1", "9" * 5000, f"{caller} ", "x"):
        monkeypatch.setenv("SUDO_UID", wrong)
        assert "belongs to" in (why_foreign(file) or "")
    monkeypatch.setenv("SUDO_UID", str(caller))
    monkeypatch.setattr(os, "geteuid", lambda: caller + 1)
    assert "belongs to" in (why_foreign(file) or "")


def test_named_folders_are_safe_and_no_others(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chown(file, str(OTHER))
    for named in ("*", str(file.parents[1]), f"/nowhere:{file}"):
        monkeypatch.setenv(SAFE_FOLDERS, named)
        assert why_foreign(file) is None, named
    monkeypatch.chdir(file.parent)
    for named in ("", ":", ".", "b", str(file.parents[1]) + "x", str(file.parent / "file" / "x")):
        monkeypatch.setenv(SAFE_FOLDERS, named)
        assert why_foreign(file), named


def test_link_out_of_a_named_folder_is_not_safe(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_folder_of_target(file)
    monkeypatch.setenv(SAFE_FOLDERS, str(file.parent))
    assert why_foreign(file)


# Who else is in the user's group: the group's name, its members, the users whose first group it is; and whether the
# group is the user's alone.
GROUPS = {
    "nobody else, as on Debian": ("me", [], ["me"], True),
    "the user is listed too": ("me", ["me"], ["me"], True),
    "another member": ("me", ["eve"], ["me"], False),
    "another one's first group": ("me", [], ["me", "eve"], False),
    "all users' group, not all listed": ("users", [], ["me"], False),
}


@pytest.mark.parametrize("case", GROUPS.values(), ids=GROUPS)
def test_group_may_write_if_it_is_the_user_alone(
    case: tuple[str, list[str], list[str], bool], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, members, firsts, is_private = case
    by_group(file)
    file.parent.chmod(0o755)
    users = [pwd.struct_passwd((one, "x", os.geteuid(), OTHER, "", "/", "")) for one in firsts]
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: users[0])
    monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group((name, "x", number, members)))
    assert (why_foreign(file) is None) == is_private
