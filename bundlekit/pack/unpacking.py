"""An archive as a folder: all of it is there, or nothing is."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.errors import CouldNotRun, Taken
from bundlekit.pack.contents import is_settings


def unpack(bundle: Bundle, folder: Path, *, settings: bool) -> int:
    """Write the files of a bundle into a folder, which is made if need be.

    Args:
        bundle: of an archive, so that its paths are checked.
        folder: that is not there, or empty.
        settings: whether the settings go in as well; only the user may read those.

    Returns:
        How many files were written.

    Raises:
        Taken: the folder has something in it, or it is no folder.
        CouldNotRun: it cannot be written.
        Unreadable: a file cannot be read.
    """
    refuse_taken(folder)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    count = 0
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        try:
            for path, entry in bundle.files.entries.items():
                place = draft / path
                if entry.kind is Kind.FOLDER:
                    place.mkdir(parents=True, exist_ok=True)
                    continue
                if is_settings(path, bundle) and not settings:
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                mode = 0o600 if is_settings(path, bundle) else 0o755 if entry.executable else 0o644
                with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                    stream.write(bundle.files.read(path))
                count += 1
            draft.rename(folder)  # onto an empty folder too, and onto no other
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(draft)
            raise
    except OSError as error:
        refuse_taken(folder)
        raise CouldNotRun(f"cannot write {folder}: {error.strerror}") from error
    return count


def refuse_taken(folder: Path) -> None:
    """Raises:
    Taken: the folder has something in it, or something that is no folder has its name.
    """
    try:
        is_free = not os.path.lexists(folder) or (not folder.is_symlink() and not any(folder.iterdir()))
    except OSError:
        is_free = False
    if not is_free:
        raise Taken(
            f"{folder} exists and is not an empty folder",
            kept=f"{folder} was left as it is",
            hint="name another folder with -o",
        )
