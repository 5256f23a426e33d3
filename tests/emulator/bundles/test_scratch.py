"""The copy that a bundle runs in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bundlekit.emulator.bundles.scratch import Place, Scratch
from bundlekit.emulator.bundles.sources import Sources
from tests.emulator.bundles.samples import make_bundle


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "alpha", "alpha")


@pytest.fixture
def scratch(source: Path) -> Iterator[Scratch]:
    scratch = Scratch(Sources(source))
    scratch.update()
    yield scratch
    scratch.remove()
    assert not scratch.folder.parent.exists()


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_it_holds_what_would_go_to_a_gateway_and_the_settings(source: Path, tmp_path: Path) -> None:
    (source / ".git").mkdir()
    (source / ".git/config").write_text("")
    (source / "venv/lib").mkdir(parents=True)
    (source / "lib/empty").mkdir(parents=True)
    (source / "lib/helper.py").write_text("")
    (source / "data/alpha.json").write_text('{"kept": 1}')
    (source / "notes.txt").write_text("")
    (source / ".bundleignore").write_text("*.txt\n")
    scratch = Scratch(Sources(source))
    scratch.update()
    made = {"bundle.json", "data", "data/alpha.json", "data/alpha.json.factory", "index.py", "lib", "lib/empty"}
    assert files(scratch.folder) == {*made, "lib/helper.py"}
    scratch.remove()


def test_what_is_saved_deleted_and_added_comes_over_and_what_the_bundle_wrote_stays(
    source: Path, scratch: Scratch
) -> None:
    (source / "old/deep").mkdir(parents=True)
    (source / "old/deep/module.py").write_text("")
    scratch.update()
    (scratch.folder / "data/alpha.json").write_text('{"by": "bundle"}')
    (scratch.folder / "old/log").write_text("")
    (source / "index.py").write_text("changed")
    (source / "new.py").write_text("")
    (source / "old/deep/module.py").unlink()
    (source / "old/deep").rmdir()
    (source / "old").rmdir()
    scratch.update()
    assert (scratch.folder / "index.py").read_text() == "changed"
    assert (scratch.folder / "data/alpha.json").read_text() == '{"by": "bundle"}'
    assert files(scratch.folder) >= {"new.py", "old/log"}
    assert "old/deep" not in files(scratch.folder)


def test_read_only_files_links_and_files_that_become_folders_come_over(source: Path, scratch: Scratch) -> None:
    (source / "fixed.py").write_text("1")
    (source / "fixed.py").chmod(0o444)
    shared = source.parent / "shared"
    (shared / "deep").mkdir(parents=True)
    (shared / "deep/one.py").write_text("one")
    (source / "link.py").symlink_to(shared / "deep/one.py")
    (source / "linked").symlink_to(shared)
    (source / "dangling").symlink_to(shared / "nowhere")
    (source / "turns").write_text("")
    scratch.update()
    (source / "fixed.py").chmod(0o644)
    (source / "fixed.py").write_text("22")
    (source / "turns").unlink()
    (source / "turns").mkdir()
    (source / "turns/inner.py").write_text("")
    scratch.update()
    assert (scratch.folder / "fixed.py").read_text() == "22"
    assert (scratch.folder / "link.py").read_text() == "one"
    assert not (scratch.folder / "link.py").is_symlink()
    (scratch.folder / "linked/deep/one.py").write_text("by the bundle")
    assert (shared / "deep/one.py").read_text() == "one"
    assert (scratch.folder / "turns/inner.py").exists()


@pytest.mark.parametrize("target", [".", "..", "sub/.."])
def test_link_to_a_folder_that_holds_the_bundle_is_left_out(target: str, source: Path, scratch: Scratch) -> None:
    (source / "sub").mkdir()
    (source / "around").symlink_to(target)
    (source / "sub" / "back").symlink_to("../..")
    scratch.update()
    assert not (scratch.folder / "around").exists()
    assert not (scratch.folder / "sub" / "back").exists()
    assert (scratch.folder / "index.py").exists()


def test_copy_that_is_given_up_half_way_is_gone_for_good(source: Path) -> None:
    for number in range(3000):
        (source / f"file{number}").write_text("x" * 1000)
    scratch = Scratch(Sources(source))
    with ThreadPoolExecutor() as threads:
        updating = threads.submit(scratch.update)
        while not (scratch.folder / "file1").exists():
            assert not updating.done()
        scratch.remove()
        updating.result(60)
    assert not scratch.folder.parent.exists()


def test_ignore_file_that_is_not_understood_hinders_nothing(source: Path) -> None:
    (source / ".bundleignore").write_bytes(b"\xff[\n!\n")
    scratch = Scratch(Sources(source))
    scratch.update()
    assert (scratch.folder / "index.py").exists()
    scratch.remove()


def test_lines_name_the_files_that_somebody_works_on(source: Path, scratch: Scratch) -> None:
    line = f'  File "{scratch.folder}/index.py", line 3, in get'
    assert scratch.shown(line) == f'  File "{source}/index.py", line 3, in get'


# a line, and the file that it is about, if one of the bundle
LINES = [
    ('  File "index.py", line 3, in get', "index.py"),
    ('  File "lib/none.py", line 3', None),
    ('  File "<string>", line 1', None),
    ('  File "/usr/lib/x.py", line 1', None),
    ('File "index.py" was read', None),
]


@pytest.mark.parametrize(("line", "about"), LINES)
def test_relative_names_of_python_2_are_made_whole_where_they_are_files(
    line: str, about: str | None, source: Path
) -> None:
    shown = Place(Sources(source)).shown(line)
    assert shown == (line.replace(about, str(source / about)) if about else line)


# a path in the folder, and whether its change starts the bundle anew
CHANGES = [
    ("index.py", True),
    ("lib/deep/helper.py", True),
    ("bundle.json", True),
    ("data/alpha.json.factory", True),
    ("data/alpha.json", False),
    ("data/alpha.json.backup", False),
    ("lib/__pycache__/x.cpython-311.pyc", False),
    (".git/index", False),
    ("venv/lib/x.py", False),
    ("index.py~", False),
    (".index.py.swp", False),
    ("../elsewhere.py", False),
]


@pytest.mark.parametrize(("path", "counts"), CHANGES)
def test_what_starts_a_bundle_anew(path: str, counts: bool, source: Path) -> None:
    place = source.parent / "elsewhere.py" if path.startswith("..") else source / path
    assert Sources(source).is_source(str(place)) is counts
