"""A newer template -> what changes in a bundle: a three-way merge of each file. Nothing is written here."""

from __future__ import annotations

import difflib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, FolderFiles, Kind, is_version_control
from bundlekit.errors import CouldNotRun, Refused, Unreadable
from bundlekit.scaffold.template_record import TemplateFile, Tree, is_path_in_bundle

_OURS, _BASE, _THEIRS = "yours", "the template before", "the template now"
_LARGEST = 1024 * 1024  # bytes of a file that is merged; a template has none of a tenth of that
_ALIKE = 0.6  # the share of lines that a renamed file still has; git takes half of the bytes
_NOT_SEARCHED = frozenset({"__pycache__", "node_modules", "venv"})
_MOST_CONFLICTS = 127  # so git's exit status counts them; what is above is an error


class ChangeKind(Enum):
    ADDED = "added"
    CHANGED = "changed"
    MERGED = "merged"
    REMOVED = "removed"
    CONFLICT = "conflict"
    KEPT = "kept"


@dataclass(frozen=True)
class FileChange:
    """What a newer template means for one file of a bundle.

    Attributes:
        path: of the file in the bundle; it may be another than in the template.
        base: the file as the template had it before, if it had it.
        ours: as the bundle has it, if it is there.
        theirs: as the template has it now, if it still does.
        result: what becomes of it; None if there will be no file. With a conflict of texts there are conflict markers
            in it.
        why: for people, where it is not what somebody would expect.
    """

    path: str
    kind: ChangeKind
    base: TemplateFile | None
    ours: TemplateFile | None
    theirs: TemplateFile | None
    result: TemplateFile | None
    why: str = ""


def changes(base: Tree, theirs: Tree, bundle: Bundle) -> list[FileChange]:
    """What a newer template changes in a bundle.

    A line of the user is in the result, by itself or within the markers of a conflict, whatever the base is: a line is
    only left out if it is in the base and not in the newer template.

    Args:
        base: what the template before rendered.
        theirs: what the newer one renders.
        bundle: in a folder.

    Raises:
        Refused: a file still has the conflicts of an earlier update.
        CouldNotRun: there is no git.
        Unreadable: a file cannot be read.
    """
    found = []
    for path in sorted(base.keys() | theirs.keys()):
        before, now = base.get(path), theirs.get(path)
        if before == now:
            continue
        if why := obstacle(bundle, path):
            found.append(FileChange(path, ChangeKind.KEPT, before, None, now, None, why))
            continue
        place, ours = path, file_at(bundle, path)
        if ours is None and before is not None and now is not None:
            place = _renamed(before, bundle, {*base, *theirs}) or path
            ours = file_at(bundle, place)
        refuse_conflicts(bundle, place, ours)
        change = merged(place, before, ours, now)
        if change is not None:
            found.append(change)
    return found


def file_at(bundle: Bundle, path: str) -> TemplateFile | None:
    """A file of a bundle; None if there is nothing there that could be merged."""
    entry = bundle.files.entries.get(path)
    if entry is None or entry.kind is not Kind.FILE:
        return None
    return TemplateFile(bundle.files.read(path, _LARGEST), entry.executable)


def refuse_conflicts(bundle: Bundle, path: str, file: TemplateFile | None) -> None:
    """Check that nothing of an earlier update is left to do in a file.

    Args:
        bundle: with the file.
        path: of the file in it.
        file: as it is now; None if it is not there.

    Raises:
        Refused: there is.
    """
    if file is not None and has_conflicts(file):
        raise Refused(
            f"{bundle.shown(path)} still has the conflicts of an earlier update",
            kept="the bundle was not changed",
            hint="choose what stays, and remove the lines with <<<<<<<, |||||||, ======= and >>>>>>>",
        )


def has_conflicts(file: TemplateFile) -> bool:
    """Whether a file has the markers of conflicts that an update has left."""
    lines = file.content.splitlines()
    return f"<<<<<<< {_OURS}".encode() in lines and f">>>>>>> {_THEIRS}".encode() in lines


def merged(
    path: str, base: TemplateFile | None, ours: TemplateFile | None, theirs: TemplateFile | None
) -> FileChange | None:
    """The three-way merge of a file; None if the newer template changes nothing in it.

    Args:
        path: in the bundle.
        base: as the older template makes it; None if it does not.
        ours: as it is in the bundle; None if it is not there.
        theirs: as the newer template makes it; None if it does not.

    Raises:
        CouldNotRun: there is no git.
    """

    def change(kind: ChangeKind, result: TemplateFile | None, why: str = "") -> FileChange:
        return FileChange(path, kind, base, ours, theirs, result, why)

    if ours is None:
        if theirs is None:
            return None
        if base is not None:
            return change(ChangeKind.KEPT, None, "you removed it, so it stays away")
        return change(ChangeKind.ADDED, theirs)
    ends = LineEnds.of(ours.content)
    mine = TemplateFile(ends.plain(ours.content), ours.executable)
    before, now = (one and TemplateFile(ends.plain(one.content), one.executable) for one in (base, theirs))
    if now is None:
        if mine == before:
            return change(ChangeKind.REMOVED, None)
        return change(ChangeKind.KEPT, ours, "the template has it no longer, but you changed it")
    executable = now.executable if before is None or mine.executable == before.executable else mine.executable
    if before is not None and mine.content == before.content:
        kind, content = ChangeKind.CHANGED, now.content
    elif mine.content == now.content or (before is not None and before.content == now.content):
        kind, content = ChangeKind.CHANGED, mine.content
    elif b"\0" in mine.content + now.content:
        why = "it is not text, and both you and the template changed it: yours stays"
        return change(ChangeKind.CONFLICT, TemplateFile(ours.content, executable), why)
    else:
        content, conflicts = _merge_texts(mine.content, None if before is None else before.content, now.content)
        kind = ChangeKind.CONFLICT if conflicts else ChangeKind.MERGED
    result = TemplateFile(ends.restored(content), executable)
    return None if result == ours else change(kind, result)


@dataclass(frozen=True)
class LineEnds:
    """Which line ends a file of the user has. If all are those of Windows, the merge is done without them."""

    windows: bool

    @classmethod
    def of(cls, content: bytes) -> LineEnds:
        return cls(b"\0" not in content and 0 < content.count(b"\n") == content.count(b"\r\n"))

    def plain(self, content: bytes) -> bytes:
        return content.replace(b"\r\n", b"\n") if self.windows else content

    def restored(self, content: bytes) -> bytes:
        return content.replace(b"\n", b"\r\n") if self.windows else content


def _merge_texts(ours: bytes, base: bytes | None, theirs: bytes) -> tuple[bytes, int]:
    """The merge of texts by git, and the number of its conflicts."""
    # Without a base, a conflict would have an empty section for it, and all lines that both have twice.
    style = ["-c", "merge.conflictStyle=merge", "merge-file"] if base is None else ["merge-file", "--diff3"]
    names = ("ours", "base", "theirs")
    with tempfile.TemporaryDirectory(prefix="bundlekit-merge-") as folder:
        for name, content in zip(names, (ours, base or b"", theirs), strict=True):
            Path(folder, name).write_bytes(content)
        labels = [word for label in (_OURS, _BASE, _THEIRS) for word in ("-L", label)]
        done = run_git(*style, "-p", *labels, *names, folder=Path(folder), accepted=_MOST_CONFLICTS)
    return done.stdout, done.returncode


def run_git(
    *arguments: str, folder: Path, accepted: int = 0, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder.

    Args:
        arguments: of git.
        folder: for it to run in.
        accepted: the highest exit status that is not an error.
        given: its standard input.

    Raises:
        CouldNotRun: git is not there, or fails.
    """
    # A hook gets the repository and the index of its commit in variables, which may be another repository.
    environment = {key: value for key, value in os.environ.items() if key not in _OF_A_HOOK}
    environment["GIT_ALLOW_PROTOCOL"] = "none"  # no object is fetched: the repository names the program for that too
    try:
        done = subprocess.run(
            ["git", *_NO_PROGRAMS, *arguments],
            cwd=folder,
            input=b"" if given is None else given,
            capture_output=True,
            env=environment,
            check=False,
        )
    except FileNotFoundError as error:
        raise CouldNotRun(
            "there is no git on this machine, and an update needs it to merge",
            kept="the bundle was not changed",
            hint="install git, for example with `sudo apt-get install git`",
        ) from error
    if not 0 <= done.returncode <= accepted:
        raise CouldNotRun(
            f"git {arguments[0]} failed",
            details=tuple(done.stderr.decode("utf-8", "replace").splitlines()[:5]),
        )
    return done


_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
"""A repository may come from somebody else: its configuration and its hooks name programs that git would run."""

_OF_A_HOOK = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
)


def obstacle(bundle: Bundle, path: str) -> str:
    """What keeps an update from touching a path: it never follows a link, and replaces files only."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        entry = bundle.files.entries.get(place)
        if entry is None:
            return ""
        if entry.kind is not (Kind.FILE if depth == len(parts) else Kind.FOLDER):
            return f"{place} is a {entry.kind.value}"
    if entry is not None and entry.size >= _LARGEST:
        return "it is too large"
    return ""


def _renamed(base: TemplateFile, bundle: Bundle, taken: set[str]) -> str | None:
    """The path that a file of the template has now, if the user gave it another: that of the only file that is most
    like it.
    """
    best = _ALIKE
    found: list[str] = []
    for entry in _others(bundle, taken):
        if entry.size > 2 * len(base.content) + 1024 or 2 * entry.size + 1024 < len(base.content):
            continue
        try:
            content = bundle.files.read(entry.path, _LARGEST)
        except Unreadable:
            continue  # it was not written for the template
        likeness = _likeness(base.content, LineEnds.of(content).plain(content), best)
        if likeness >= best:
            found = [entry.path] if likeness > best else [*found, entry.path]
            best = likeness
    return found[0] if len(found) == 1 else None


def _others(bundle: Bundle, taken: set[str]) -> Iterator[Entry]:
    """The files of a bundle that have no path of the template."""

    def skip(path: str) -> bool:
        name = path.rpartition("/")[2]
        return is_version_control(path) or name.startswith(".") or name in _NOT_SEARCHED

    for path, entry in FolderFiles(Path(bundle.label), skip).entries.items():
        if entry.kind is Kind.FILE and path not in taken and is_path_in_bundle(path):
            yield entry


def _likeness(first: bytes, second: bytes, least: float) -> float:
    """How much of two texts is the same, from 0 to 1; it may be less than that where it is less than `least`."""
    if first == second:
        return 1.0
    if b"\0" in first + second:
        return 0.0
    lines = difflib.SequenceMatcher(None, first.splitlines(), second.splitlines(), autojunk=False)
    return lines.ratio() if lines.quick_ratio() >= least else 0.0
