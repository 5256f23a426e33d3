"""A folder appears whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from bundlekit.errors import CouldNotRun, Taken
from bundlekit.scaffold.folder import made_in, previewed


def filled(into: Path) -> Path:
    folder = into / "lamp"
    folder.mkdir()
    (folder / "bundle.json").write_text("{}")
    return folder


def test_made_as_a_whole(tmp_path: Path) -> None:
    assert made_in(tmp_path, filled) == tmp_path / "lamp"
    assert [path.name for path in tmp_path.iterdir()] == ["lamp"]
    assert (tmp_path / "lamp/bundle.json").read_text() == "{}"


def test_folder_has_the_rights_that_a_new_folder_has(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert made_in(tmp_path, filled).stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (RuntimeError(), RuntimeError),
        (OSError(errno.ENOSPC, "No space left on device"), CouldNotRun),
    ],
)
def test_failure_leaves_nothing(failure: BaseException, expected: type[BaseException], tmp_path: Path) -> None:
    def fail(into: Path) -> Path:
        filled(into)
        raise failure

    for parent in (tmp_path, tmp_path / "not" / "there"):
        with pytest.raises(expected):
            made_in(parent, fail)
    assert list(tmp_path.iterdir()) == []


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine").touch()


def an_empty_folder(path: Path) -> None:
    path.mkdir()


def a_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [a_file, a_folder, an_empty_folder, a_dangling_link])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_what_is_there_is_not_touched(make: Callable[[Path], None], when: str, tmp_path: Path) -> None:
    target = tmp_path / "lamp"

    def render(into: Path) -> Path:
        folder = filled(into)
        if when == "meanwhile":
            make(target)
        return folder

    if when == "before":
        make(target)
    with pytest.raises(Taken):
        made_in(tmp_path, render)
    with pytest.raises(Taken):
        previewed(tmp_path, filled)
    assert [path.name for path in tmp_path.iterdir()] == ["lamp"]
    assert target.is_symlink() or target.is_file() or [path.name for path in target.iterdir()] in ([], ["mine"])


def test_preview_leaves_nothing(tmp_path: Path) -> None:
    assert previewed(tmp_path, filled) == ("lamp", {"bundle.json": b"{}"})
    assert list(tmp_path.iterdir()) == []
