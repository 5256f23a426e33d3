"""A bundle that an earlier template made -> the same bundle with what the template has now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from bundlekit import __version__
from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import manifest_of, read_manifest
from bundlekit.errors import BadUsage, CouldNotRun, Refused, Unreadable, reason_of
from bundlekit.io import CLOEXEC, DIRECTORY
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.answers_file import parsed_answers
from bundlekit.scaffold.journal import JOURNAL, Journal, carry_out, complete, interrupted, sweep
from bundlekit.scaffold.merge import ChangeKind, FileChange, changes, file_at, refuse_conflicts
from bundlekit.scaffold.questions import checked
from bundlekit.scaffold.repository import WorkTree
from bundlekit.scaffold.template_record import FOLDER, TemplateFile, TemplateRecord, read_record

ANSWERS = f"{FOLDER}/answers.json"

_MOST_SHOWN = 5

Completing = Callable[[Mapping[str, Any]], Answers]
"""Gives answers to all questions of the template, from those that are answered and checked."""


@dataclass(frozen=True)
class Update:
    """What brings a bundle to the template of this release.

    Attributes:
        record: of the template as it is now.
        changes: of files; none where only the record is new.
        adopted: whether the bundle had no record, so its base is a guess.
    """

    record: TemplateRecord
    changes: tuple[FileChange, ...]
    adopted: bool = False


def find_update(
    folder: Path, given: Mapping[str, Any], completing: Completing, *, adopt: bool = False, merges: bool = True
) -> Update | None:
    """What brings a bundle to the template of this release; None if it has all of that. Nothing is changed.

    Args:
        folder: of the bundle.
        given: checked answers that count more than those of the bundle.
        completing: answers questions that the template did not have before.
        adopt: whether a bundle without a record gets one.
        merges: whether to find out what changes in its files; else that is left empty.

    Raises:
        CouldNotRun: the bundle has no record; or it has that of a newer bundlekit; or git is missing.
        Unreadable: its record, its answers or a file cannot be read.
        Refused: conflicts of an earlier update are not resolved.
    """
    from bundlekit.scaffold.template import rendered, template_digest

    bundle = Bundle.in_folder(folder)
    record = read_record(bundle)
    if record is None and not adopt:
        raise CouldNotRun(
            f"{bundle.label} does not say which template made it",
            kept="the bundle was not changed",
            hint="`bundlekit update --adopt` finds the most similar template of earlier releases",
        )
    if record is not None and _is_newer(record.bundlekit):
        raise CouldNotRun(
            f"{bundle.label} was updated by bundlekit {record.bundlekit}, and this is {__version__}",
            kept="the bundle was not changed",
            hint="install that version or a newer one",
        )
    for path in dict.fromkeys((ANSWERS, *(record.files if record else ()))):
        refuse_conflicts(bundle, path, file_at(bundle, path))
    answers_file = file_at(bundle, ANSWERS)
    digest = template_digest()
    # Rendering takes longer than everything else, and a hook asks before each commit.
    is_same = record is not None and not given and record.template == digest
    if is_same and record and answers_file in (None, record.files.get(ANSWERS)):
        return None
    answers = completing({**_stored_answers(bundle, answers_file, record), **given})
    now = TemplateRecord(digest, rendered(answers))
    if record is None:
        from bundlekit.scaffold.earlier import likely_base

        base = likely_base(bundle, answers)
    elif now.files == record.files:
        return None
    else:
        base = record.files
    return Update(now, tuple(changes(base, now.files, bundle)) if merges else (), adopted=record is None)


def is_interrupted(folder: Path) -> bool:
    """Whether an update of a bundle was ended before it was complete."""
    return interrupted(Bundle.in_folder(folder)) is not None


def complete_interrupted(folder: Path) -> list[FileChange] | None:
    """Complete an update that was ended before it was complete, and remove what it has left.

    Returns:
        What became of each file; None if there was no such update.

    Raises:
        Unreadable: its journal is damaged.
        CouldNotRun: something cannot be written.
    """
    bundle = Bundle.in_folder(folder)
    journal = interrupted(bundle)
    with suppress(OSError):  # then an update cannot write there either, and says so
        sweep(folder / FOLDER)
    if journal is None:
        return None
    if read_record(bundle) == journal.record:  # all is written; the user may have worked with it since
        (folder / JOURNAL).unlink()
        return []
    return complete(journal, bundle, WorkTree.around(folder))


def write_update(folder: Path, update: Update, *, allow_dirty: bool = False) -> tuple[list[FileChange], bool]:
    """Write an update into a bundle; see `bundlekit.scaffold.journal`.

    Args:
        folder: of the bundle.
        update: of it.
        allow_dirty: whether it may have changes that are not committed.

    Returns:
        What became of each file, and whether files were copied aside, as git does not have them.

    Raises:
        Refused: the bundle has changes that are not committed.
        CouldNotRun: something cannot be written.
    """
    bundle = Bundle.in_folder(folder)
    tree = WorkTree.around(folder)
    if tree and not allow_dirty and (dirty := tree.uncommitted()):
        shown = dirty[:_MOST_SHOWN] + [f"and {len(dirty) - _MOST_SHOWN} more"] * (len(dirty) > _MOST_SHOWN)
        raise Refused(
            f"{bundle.label} has changes that are not committed",
            kept="the bundle was not changed",
            hint="commit them first, then git can undo the update; --allow-dirty goes on without",
            details=tuple(shown),
        )
    written = tuple(one for one in update.changes if one.kind is not ChangeKind.KEPT)
    done, backed_up = carry_out(Journal(update.record, written), bundle, tree)
    left = [one for one in update.changes if one not in written]
    return sorted([*done, *left], key=lambda one: one.path), backed_up


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no two updates of a bundle run at once.

    Raises:
        CouldNotRun: another one runs.
    """
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | DIRECTORY | CLOEXEC)
    except OSError as error:
        raise Unreadable(f"cannot read {folder}: {reason_of(error)}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CouldNotRun(f"another process updates {folder}", kept="this one changed nothing") from error
        yield
    finally:
        os.close(descriptor)


def _stored_answers(bundle: Bundle, answers_file: TemplateFile | None, record: TemplateRecord | None) -> dict[str, Any]:
    """The answers that a bundle was made from: of its file of answers, of that as rendered, or of bundle.json."""
    found = answers_file or (record and record.files.get(ANSWERS))
    if found:
        return checked(parsed_answers(found.content, Path(bundle.shown(ANSWERS))))
    manifest = manifest_of(bundle)
    said = read_manifest(bundle).value
    resources = [
        {"resource": one.path, "methods": list(one.methods)} for one in manifest.resources if one.role == "model"
    ]
    answers = checked({"name": manifest.name})
    for key, value in {**said, "resources": resources}.items():
        with suppress(BadUsage):  # the bundle was not made of answers; what is no answer has a default
            answers |= checked({key: value})
    return answers


def _is_newer(version: str) -> bool:
    try:
        return Version(version) > Version(__version__)
    except InvalidVersion:
        return False
