"""From a path that somebody names to the bundles that are meant."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.errors import BadUsage, Unreadable

_NOT_LOOKED_INTO = frozenset({"__pycache__", "node_modules", "venv"})


def bundle_folders(path: Path) -> Iterator[Path]:
    """The folders of the bundles that a path means: the bundle itself, those below a folder, or the one that a file
    lies in. Links below a folder are not followed, hidden folders not looked into.

    Raises:
        BadUsage: there is nothing at the path.
        Unreadable: it cannot be looked at, or there is no bundle.
    """
    if path.name == MANIFEST and not _is_folder_with_manifest(path):
        _refuse_missing(path)
        yield path.parent
    elif _is_folder(path):
        yield from _in_folder(path)
    else:
        _refuse_missing(path)
        folder = enclosing_bundle(path)
        if folder is None:
            raise Unreadable(f"{path} belongs to no bundle", hint=f"no folder around it has a {MANIFEST}")
        yield folder


def enclosing_bundle(path: Path) -> Path | None:
    """The nearest folder around a path that has a bundle.json, written as the path is; None if there is none."""
    for folder in path.parents:
        if has_manifest(folder):
            return folder
    if path.is_absolute():
        return None
    here = Path.cwd()
    for height, folder in enumerate(here.parents, 1):
        if has_manifest(folder):
            return Path(*[".."] * height)
    return None


def has_manifest(folder: Path) -> bool:
    """Whether there is a bundle.json in a folder, of whatever kind."""
    return os.path.lexists(folder / MANIFEST)


def _is_folder_with_manifest(path: Path) -> bool:
    return _is_folder(path) and has_manifest(path)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _refuse_missing(path: Path) -> None:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise BadUsage(f"there is no {path}") from None
    except OSError as error:
        raise Unreadable(f"cannot look at {path}: {error.strerror}") from error


def _in_folder(root: Path) -> Iterator[Path]:
    found = False
    folders = [root]
    while folders:
        folder = folders.pop()
        if has_manifest(folder):
            found = True
            yield folder
        else:
            folders.extend(reversed(_subfolders(folder)))
    if not found:
        around = enclosing_bundle(root / MANIFEST)
        hint = f"it lies in the bundle {around}" if around is not None else "bundlekit new makes one"
        raise Unreadable(f"there is no bundle in {root}", hint=hint)


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as items:
            names = [item.name for item in items if item.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise Unreadable(f"cannot list {folder}: {error.strerror}") from error
    return [folder / name for name in sorted(names) if not name.startswith(".") and name not in _NOT_LOOKED_INTO]
