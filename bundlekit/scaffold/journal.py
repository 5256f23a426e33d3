"""Writing the changes of an update, so that it can be ended at any moment and be completed later.

1. The files whose content no repository has are copied aside.
2. The journal gets all changes, with the content of each file before and after.
3. Each file is replaced as a whole.
4. The index of the repository gets the conflicts.
5. The record of the template is replaced: from here on the bundle is updated.
6. The journal is removed.

The next update completes what the journal says. It takes a file that has changed in between as it is then, and
merges it again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun, Unreadable, reason_of
from bundlekit.io import replacing
from bundlekit.scaffold.merge import ChangeKind, FileChange, file_at, has_conflicts, merged, obstacle
from bundlekit.scaffold.repository import WorkTree
from bundlekit.scaffold.template_record import (
    FOLDER,
    LARGEST_RECORD,
    RECORD,
    Parser,
    TemplateFile,
    TemplateRecord,
    dumped_file,
    read_own,
)

JOURNAL = f"{FOLDER}/update.json"
BACKUP = f"{FOLDER}/before-update"

_DRAFT = re.compile(r"\.bundlekit-[0-9a-f]{16}")  # as `bundlekit.io` calls what it has not finished
_STATES = ("base", "ours", "theirs", "result")
_TIMES = 8  # each file of the template, as each of these; and those of the user may be larger


@dataclass(frozen=True)
class Journal:
    """An update that has begun.

    Attributes:
        record: of the template to which it brings the bundle.
        changes: those of the update, without files that it leaves alone.
    """

    record: TemplateRecord
    changes: tuple[FileChange, ...]

    def dumped(self) -> bytes:
        """It as the content of a file."""
        changes = [
            {"path": one.path, "kind": one.kind.value, "why": one.why}
            | {state: dumped_file(file) for state in _STATES if (file := getattr(one, state)) is not None}
            for one in self.changes
        ]
        return json.dumps({"record": self.record.dumped().decode(), "changes": changes}).encode()

    @classmethod
    def parsed(cls, content: bytes, shown: str) -> Self:
        """The journal in a file.

        Raises:
            Unreadable: it is damaged.
        """
        parser = Parser(content, shown, times=_TIMES, hint="remove it, then use `bundlekit update` again")
        record, listed = parser.value.get("record"), parser.value.get("changes")
        if not isinstance(record, str) or not isinstance(listed, list):
            raise parser.damaged("it is no journal of an update")
        changes = []
        for one in listed:
            if not isinstance(one, dict) or not isinstance(one.get("path"), str):
                raise parser.damaged("it has a change without a path")
            states = {state: parser.file(one[state]) if state in one else None for state in _STATES}
            try:
                kind = ChangeKind(one.get("kind"))
            except ValueError as error:
                raise parser.damaged("it has a change of an unknown kind") from error
            changes.append(FileChange(parser.path(one["path"]), kind, why=str(one.get("why", "")), **states))
        return cls(TemplateRecord.parsed(record.encode("utf-8", "surrogatepass"), shown), tuple(changes))


def interrupted(bundle: Bundle) -> Journal | None:
    """The update that was ended before it was complete; None if there is none.

    Raises:
        Unreadable: its journal is damaged.
    """
    content = read_own(bundle, JOURNAL, _TIMES * LARGEST_RECORD)
    return None if content is None else Journal.parsed(content, bundle.shown(JOURNAL))


def carry_out(journal: Journal, bundle: Bundle, tree: WorkTree | None) -> tuple[list[FileChange], bool]:
    """Begin an update and complete it.

    Args:
        journal: the update.
        bundle: in a folder.
        tree: the repository that it lies in, if it does.

    Returns:
        What became of each file, and whether files were copied aside.

    Raises:
        CouldNotRun: something cannot be written. Each file is as it was, or as it was to be.
    """
    folder = Path(bundle.label)
    content = journal.dumped()
    try:
        Journal.parsed(content, JOURNAL)  # one that cannot be read could never be completed
    except Unreadable as error:
        raise CouldNotRun(
            f"the files of {bundle.label} are too large for an update", kept="the bundle was not changed"
        ) from error
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        written = [one for one in journal.changes if one.ours is not None and one.ours != one.result]
        saved = tree.committed(one.path for one in written) if tree else set()
        unsaved = {one.path: one.ours for one in written if one.ours and one.path not in saved}
        _back_up(folder, unsaved)
        with replacing(folder / JOURNAL) as stream:
            stream.write(content)
    except OSError as error:
        raise CouldNotRun(
            f"cannot write in {bundle.shown(FOLDER)}: {reason_of(error)}", kept="the bundle was not changed"
        ) from error
    return complete(journal, bundle, tree), bool(unsaved)


def complete(journal: Journal, bundle: Bundle, tree: WorkTree | None) -> list[FileChange]:
    """Complete an update whose journal is written; see `carry_out`.

    Args:
        journal: that was written.
        bundle: in a folder.
        tree: its repository, in which conflicts are marked; None if it is in none.

    Raises:
        CouldNotRun: a file cannot be written; the journal stays for the next time.
    """
    folder = Path(bundle.label)
    try:
        for parent in {(folder / one.path).parent for one in journal.changes if not obstacle(bundle, one.path)}:
            sweep(parent)
        settled = [_settled(change, bundle) for change in journal.changes]
        done = [change for change, _ in settled]
        written = [change for change, is_to_write in settled if is_to_write]
        begun = {one.path: one.ours for one in journal.changes if one.ours}
        if again := {one.path: one.ours for one in written if one.ours and one.ours != begun.get(one.path)}:
            _back_up(folder, begun | again)  # the user has changed them since the copies were made
        for change in written:
            _write(folder, change)
        if tree:
            tree.mark_conflicts(one for one in done if one.kind is ChangeKind.CONFLICT)
        with replacing(folder / RECORD) as stream:
            stream.write(journal.record.dumped())
        (folder / JOURNAL).unlink()
    except (OSError, CouldNotRun) as error:
        raise CouldNotRun(
            f"the update of {bundle.label} could not be completed: {reason_of(error)}",
            kept="no line of yours is lost: each file is as it was, or as it was to be",
            hint="`bundlekit update` completes it when the cause is mended",
            details=error.details if isinstance(error, CouldNotRun) else (),
        ) from error
    return done


def _settled(change: FileChange, bundle: Bundle) -> tuple[FileChange, bool]:
    """What is left of a change.

    Returns:
        It, or another one if the user has changed the file since the update began; and whether it is to be written.
    """
    if why := obstacle(bundle, change.path):
        return FileChange(change.path, ChangeKind.KEPT, change.base, None, change.theirs, None, why), False
    current = file_at(bundle, change.path)
    if current == change.result:
        return change, False
    if current != change.ours:
        if current is not None and has_conflicts(current):
            return change, False  # the user has begun with the conflicts
        again = merged(change.path, change.base, current, change.theirs)
        if again is None or again.result == current:
            return again or change, False
        change = again
    return change, True


def _write(folder: Path, change: FileChange) -> None:
    place = folder / change.path
    if change.result is None:
        place.unlink()
        for parent in place.relative_to(folder).parents[:-1]:
            with suppress(OSError):  # something else is in it
                (folder / parent).rmdir()
        return
    before = place.lstat() if change.ours is not None else None
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place, mode=0o777 if change.result.executable else 0o666, like=before) as stream:
        stream.write(change.result.content)
        if before is not None and change.ours is not None and change.result.executable != change.ours.executable:
            mode = stat.S_IMODE(before.st_mode)
            # Whoever may read a program may run it.
            mode = mode | (mode & 0o444) >> 2 if change.result.executable else mode & ~0o111
            os.fchmod(stream.fileno(), mode)


def _back_up(folder: Path, files: dict[str, TemplateFile]) -> None:
    """Keep files as they were, in place of those of the update before. Version control leaves them out."""
    place, draft = folder / BACKUP, folder / f"{BACKUP}.new"
    if not files:
        return
    for one in (draft, place):
        if os.path.lexists(one):
            shutil.rmtree(one)  # refuses a link
    draft.mkdir()
    (draft / ".gitignore").write_text("*\n", encoding="utf-8")
    for path, file in files.items():
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        (draft / path).write_bytes(file.content)
    draft.rename(place)


def sweep(folder: Path) -> None:
    """Remove what writers of ours have left in a folder because they were killed.

    Raises:
        OSError: it cannot be removed.
    """
    if folder.is_dir():
        for path in folder.iterdir():
            if _DRAFT.fullmatch(path.name):
                path.unlink(missing_ok=True)
