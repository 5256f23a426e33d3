"""What an update makes of files that the user and the template changed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun, Refused, Unreadable
from bundlekit.scaffold import journal, merge, template_record
from bundlekit.scaffold.journal import BACKUP, JOURNAL
from bundlekit.scaffold.merge import ChangeKind, changes
from bundlekit.scaffold.template_record import RECORD, TemplateFile, TemplateRecord, read_record
from bundlekit.scaffold.update import Update, alone, complete_interrupted, write_update
from tests.rotation import examples

DIGEST = "0" * 64
BASE = b"".join(b"line %d\n" % number for number in range(1, 13))
NEWER = BASE.replace(b"line 2\n", b"line two\n")
CONFLICT = b"<<<<<<< yours\nmine\n||||||| the template before\nline 2\n=======\nline two\n>>>>>>> the template now\n"

Case = tuple[bytes | None, bytes | None, bytes | None, bytes | None, ChangeKind | None]
"""The template before, the bundle, the template now, the bundle afterwards, and what is reported."""

CASES: dict[str, Case] = {
    "nothing new": (BASE, b"mine\n", BASE, b"mine\n", None),
    "untouched": (BASE, BASE, NEWER, NEWER, ChangeKind.CHANGED),
    "the same change": (BASE, NEWER, NEWER, NEWER, None),
    "another place": (BASE, BASE + b"mine\n", NEWER, NEWER + b"mine\n", ChangeKind.MERGED),
    "no line end": (BASE, BASE + b"mine", NEWER, NEWER + b"mine", ChangeKind.MERGED),
    "the same line": (
        BASE,
        BASE.replace(b"line 2\n", b"mine\n"),
        NEWER,
        BASE.replace(b"line 2\n", CONFLICT),
        ChangeKind.CONFLICT,
    ),
    "added": (None, None, NEWER, NEWER, ChangeKind.ADDED),
    "added by both alike": (None, NEWER, NEWER, NEWER, None),
    "added by both": (
        None,
        b"same\nmine\n",
        b"same\ntheirs\n",
        b"same\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> the template now\n",
        ChangeKind.CONFLICT,
    ),
    "removed by the user": (BASE, None, NEWER, None, ChangeKind.KEPT),
    "removed by both": (BASE, None, None, None, None),
    "dropped by the template": (BASE, BASE, None, None, ChangeKind.REMOVED),
    "dropped, but changed": (BASE, BASE + b"mine\n", None, BASE + b"mine\n", ChangeKind.KEPT),
    "Windows, untouched": (
        BASE,
        BASE.replace(b"\n", b"\r\n"),
        NEWER,
        NEWER.replace(b"\n", b"\r\n"),
        ChangeKind.CHANGED,
    ),
    "Windows, another place": (
        BASE,
        (BASE + b"mine\n").replace(b"\n", b"\r\n"),
        NEWER,
        (NEWER + b"mine\n").replace(b"\n", b"\r\n"),
        ChangeKind.MERGED,
    ),
    "binary, untouched": (b"\0a", b"\0a", b"\0b", b"\0b", ChangeKind.CHANGED),
    "binary, by both": (b"\0a", b"\0mine", b"\0b", b"\0mine", ChangeKind.CONFLICT),
    "emptied": (BASE, b"", NEWER, b"<<<<<<< yours\n", ChangeKind.CONFLICT),
}


def tree(files: Mapping[str, bytes | None]) -> dict[str, TemplateFile]:
    return {path: TemplateFile(content) for path, content in files.items() if content is not None}


def bundle_of(folder: Path, files: Mapping[str, bytes | None]) -> Path:
    for path, content in {"bundle.json": b"{}", **files}.items():
        if content is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return folder


def update(folder: Path, base: Mapping[str, bytes | None], theirs: Mapping[str, bytes | None]) -> dict[str, ChangeKind]:
    """Update a bundle from one template to another; what is reported of its files."""
    found = changes(tree(base), tree(theirs), Bundle.in_folder(folder))
    done, _ = write_update(folder, Update(TemplateRecord(DIGEST, tree(theirs)), tuple(found)))
    return {one.path: one.kind for one in done}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_file_is_merged(case: Case, tmp_path: Path) -> None:
    base, ours, theirs, expected, kind = case
    bundle_of(tmp_path, {"data/file": ours})
    done = update(tmp_path, {"data/file": base}, {"data/file": theirs})
    assert done == ({} if kind is None else {"data/file": kind})
    place = tmp_path / "data/file"
    found = place.read_bytes() if place.exists() else None
    assert found == expected or (expected and found and found.startswith(expected) and ours == b"")
    assert not (tmp_path / JOURNAL).exists()
    record = read_record(Bundle.in_folder(tmp_path))
    assert record is not None
    assert record.files == tree({"data/file": theirs})
    backup = tmp_path / BACKUP / "data/file"
    assert backup.exists() == (ours is not None and found != ours)
    assert not backup.exists() or backup.read_bytes() == ours


def test_template_moves_a_line_into_a_renamed_file(tmp_path: Path) -> None:
    bundle_of(tmp_path, {"notes/read.md": BASE + b"mine\n", "unlike": b"other\n"})
    assert update(tmp_path, {"README.md": BASE}, {"README.md": NEWER}) == {"notes/read.md": ChangeKind.MERGED}
    assert (tmp_path / "notes/read.md").read_bytes() == NEWER + b"mine\n"
    assert not (tmp_path / "README.md").exists()


def test_removed_file_with_two_likenesses_stays_removed(tmp_path: Path) -> None:
    bundle_of(tmp_path, {"one": BASE, "two": BASE})
    assert update(tmp_path, {"README.md": BASE}, {"README.md": NEWER}) == {"README.md": ChangeKind.KEPT}
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == BASE


def test_modes_follow_the_template_unless_the_user_changed_them(tmp_path: Path) -> None:
    folder = bundle_of(tmp_path, {"run": BASE, "mine": BASE, "private": BASE})
    (folder / "mine").chmod(0o755)
    (folder / "private").chmod(0o640)
    plain, executable = TemplateFile(BASE), TemplateFile(NEWER, executable=True)
    base = dict.fromkeys(("run", "mine", "private", "new"), plain) | {"gone": executable}
    del base["new"]
    theirs = {"run": executable, "mine": TemplateFile(NEWER), "private": executable, "new": executable}
    found = changes(base, theirs, Bundle.in_folder(folder))
    write_update(folder, Update(TemplateRecord(DIGEST, theirs), tuple(found)))
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in theirs}
    assert modes == {"run": 0o755, "mine": 0o755, "private": 0o750, "new": 0o777 & ~_umask()}
    assert all((folder / name).read_bytes() == NEWER for name in theirs)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def test_conflicts_that_are_not_resolved_stop_the_next_update(tmp_path: Path) -> None:
    mine = BASE.replace(b"line 2\n", b"mine\n")
    bundle_of(tmp_path, {"file": mine})
    assert update(tmp_path, {"file": BASE}, {"file": NEWER}) == {"file": ChangeKind.CONFLICT}
    before = (tmp_path / "file").read_bytes()
    with pytest.raises(Refused, match="still has the conflicts"):
        update(tmp_path, {"file": NEWER}, {"file": BASE})
    assert (tmp_path / "file").read_bytes() == before


def test_machine_without_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle_of(tmp_path, {"file": BASE + b"mine\n"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotRun, match="there is no git"):
        update(tmp_path, {"file": BASE}, {"file": NEWER})
    assert (tmp_path / "file").read_bytes() == BASE + b"mine\n"


def test_second_update_at_the_same_time_is_refused(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(CouldNotRun, match="another process"), alone(tmp_path):
        pass


_Edits = list[tuple[int, int, list[int]]]
_LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  x"]), max_size=12)
_EDITS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 2), st.lists(st.integers(0, 99), max_size=2)), max_size=3
)


def edited(lines: list[str], edits: _Edits, who: str) -> list[str]:
    """Lines of which some are removed and some are added, by somebody."""
    found = list(lines)
    for place, removed, added in edits:
        found[place : place + removed] = [f"{who} {number}" for number in added]
    return found


def joined(lines: list[str], *, ended: bool, ends: str) -> bytes:
    return (ends.join(lines) + (ends if ended and lines else "")).encode()


@given(
    base=_LINES,
    edits=st.tuples(_EDITS, _EDITS),
    ended=st.booleans(),
    ends=st.sampled_from(["\n", "\r\n"]),
    there=st.booleans(),
)
@settings(deadline=None, max_examples=examples(60))
def test_no_line_of_the_user_is_lost_whatever_was_edited(
    base: list[str], edits: tuple[_Edits, _Edits], ended: bool, ends: str, there: bool
) -> None:
    """Also where there was no file before, which is what a wrong guess at the base can be."""
    before = base if there else []
    ours = joined(edited(base, edits[0], "mine"), ended=ended, ends=ends)
    old = joined(before, ended=True, ends="\n") if there else None
    new = joined(edited(base, edits[1], "theirs"), ended=True, ends="\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = bundle_of(Path(scratch), {"file": ours})
        done = update(folder, {"file": old}, {"file": new})
        found = (folder / "file").read_bytes()
        wanted = Counter(ours.splitlines()) - Counter(line.encode() for line in before)
        assert not wanted - Counter(found.splitlines())
        if there and ours.replace(b"\r\n", b"\n") == old:
            assert done.get("file") in (None, ChangeKind.CHANGED)
        if done.get("file") is ChangeKind.CONFLICT:
            assert (
                found.splitlines().count(b"<<<<<<< yours") == found.splitlines().count(b">>>>>>> the template now") > 0
            )
        # The second update changes nothing.
        assert update(folder, {"file": new}, {"file": new}) == {}
        assert (folder / "file").read_bytes() == found


@given(place=st.integers(0, 9), added=st.lists(st.text("xyz", min_size=1), min_size=1, max_size=3), data=st.data())
@settings(deadline=None, max_examples=examples(20))
def test_no_conflict_if_the_user_changed_nothing_nearby(place: int, added: list[str], data: st.DataObject) -> None:
    """Changes with a line between them that neither changed."""
    lines = [f"line {number}" for number in range(12)]
    other = data.draw(st.sampled_from([number for number in range(12) if abs(number - place) > 1]))
    ours, theirs = list(lines), list(lines)
    ours[place : place + 1] = [f"mine {text}" for text in added]
    theirs[other] = "theirs"
    expected = [*lines]
    expected[other] = "theirs"
    expected[place : place + 1] = ours[place : place + len(added)]
    result = merge.merged("file", *(TemplateFile(joined(one, ended=True, ends="\n")) for one in (lines, ours, theirs)))
    assert result is not None
    assert result.result is not None
    assert (result.kind, result.result.content.decode().splitlines()) == (ChangeKind.MERGED, expected)


HOSTILE_PATHS = [
    "../out",
    "/etc/out",
    "a/../../out",
    "a//b",
    ".",
    "",
    ".git/hooks/pre-commit",
    ".GIT/config",
    "a\\b",
    "a\0b",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("kept", [RECORD, JOURNAL])
def test_path_that_leads_elsewhere_is_refused(path: str, kept: str, tmp_path: Path) -> None:
    from bundlekit.scaffold.journal import Journal, interrupted
    from bundlekit.scaffold.merge import FileChange

    file = TemplateFile(b"out")
    record = TemplateRecord(DIGEST, {path: file} if kept == RECORD else {})
    change = FileChange(path, ChangeKind.ADDED, None, None, file, file)
    content = record.dumped() if kept == RECORD else Journal(record, (change,)).dumped()
    bundle = Bundle.in_folder(bundle_of(tmp_path / "b", {kept: content}))
    with pytest.raises(Unreadable, match="is damaged: it has the path"):
        (read_record if kept == RECORD else interrupted)(bundle)


def test_record_with_any_byte_changed_is_refused_or_the_same(tmp_path: Path) -> None:
    """What is no part of the base may change: who wrote it, and the name of a file."""
    record = TemplateRecord(DIGEST, {"f": TemplateFile(BASE, executable=True)})
    content = record.dumped()
    start = content.index(b'"sha256"')
    for place in range(start, len(content)):
        damaged = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        try:
            found = TemplateRecord.parsed(damaged, "here")
        except Unreadable:
            continue
        assert {file.content for file in found.files.values()} <= {BASE}


def test_record_that_unpacks_to_gigabytes_is_refused() -> None:
    bomb = TemplateRecord(DIGEST, {f"{number}": TemplateFile(bytes(1 << 20)) for number in range(9)}).dumped()
    assert len(bomb) < 20_000
    with pytest.raises(Unreadable, match="its contents are too large"):
        TemplateRecord.parsed(bomb, "here")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"[" * 100_000, b'{"template": 1}', b" " * (5 << 20)], ids=lambda content: content[:9]
)
def test_record_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable, match="here is damaged"):
        TemplateRecord.parsed(content, "here")


@pytest.mark.parametrize("link", ["file", "data", ".bundlekit", RECORD, JOURNAL, BACKUP])
def test_nothing_is_written_through_a_link(link: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    is_folder = link in ("data", ".bundlekit", BACKUP)
    target = outside if is_folder else outside / "secret"
    for name in ("secret", ".bundlekit-0123456789abcdef"):  # the second as a killed update leaves it
        (outside / name).write_bytes(BASE)
    folder = bundle_of(tmp_path / "b", {"other": BASE})
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(target)
    files = {"file": BASE, "other": BASE, "data/secret": BASE}
    newer = {"file": NEWER, "other": NEWER, "data/secret": NEWER, "data/new": NEWER}
    try:
        complete_interrupted(folder)
        read_record(Bundle.in_folder(folder))
        update(folder, files, newer)
    except (CouldNotRun, Unreadable):
        assert (folder / "other").read_bytes() == BASE
    assert sorted(outside.iterdir()) == [outside / ".bundlekit-0123456789abcdef", outside / "secret"]
    assert (outside / "secret").read_bytes() == BASE


def test_bundle_in_a_folder_that_cannot_be_written_stays(tmp_path: Path) -> None:
    """A file where the folder of bundlekit should be: root may write into everything else."""
    folder = bundle_of(tmp_path, {".bundlekit": b"", "file": BASE})
    with pytest.raises(CouldNotRun, match="cannot write in") as failed:
        update(folder, {"file": BASE}, {"file": NEWER})
    assert failed.value.kept == "the bundle was not changed"
    assert (folder / "file").read_bytes() == BASE


def test_update_that_fails_half_way_is_completed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = BASE + b"mine\n"
    folder = bundle_of(tmp_path, {"first": mine, "second": mine})
    written = journal._write

    def full(folder: Path, change: merge.FileChange) -> None:
        if change.path == "second":
            raise OSError(errno.ENOSPC, "No space left on device")
        written(folder, change)

    monkeypatch.setattr(journal, "_write", full)
    both = ("first", "second")
    with pytest.raises(CouldNotRun, match="could not be completed: No space left") as failed:
        update(folder, dict.fromkeys(both, BASE), dict.fromkeys(both, NEWER))
    assert failed.value.kept == "no line of yours is lost: each file is as it was, or as it was to be"
    assert [(folder / name).read_bytes() for name in both] == [NEWER + b"mine\n", mine]
    monkeypatch.undo()
    assert complete_interrupted(folder) is not None
    assert [(folder / name).read_bytes() for name in both] == [NEWER + b"mine\n", NEWER + b"mine\n"]
    assert complete_interrupted(folder) is None


def test_update_whose_journal_could_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bundle_of(tmp_path, {"file": BASE + b"mine\n"})
    monkeypatch.setattr(template_record, "_LARGEST_BASE", len(BASE) // 4)
    with pytest.raises(CouldNotRun, match="too large for an update"):
        update(folder, {"file": BASE}, {"file": NEWER})
    assert (folder / "file").read_bytes() == BASE + b"mine\n"
    assert not (folder / JOURNAL).exists()
