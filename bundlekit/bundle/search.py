"""From a path that somebody names to the bundles that are meant."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from bundlekit.bundle.bundle import LARGEST_MANIFEST, MANIFEST
from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import BadUsage, Unreadable

_TEMPLATE = re.compile(r"\{\{-?\s*cookiecutter\.")
_NOT_LOOKED_INTO = frozenset({"__pycache__", "node_modules", "venv"})


def bundle_folders(path: Path, templates: list[Path] | None = None) -> Iterator[Path]:
    """The folders of the bundles that a path means: the bundle itself, those below a folder, or the one that a file
    lies in. Links below a folder are not followed, hidden folders not looked into.

    Args:
        path: the path.
        templates: gets the folders that are left out because they are cookiecutter templates of bundles.

    Raises:
        BadUsage: there is nothing at the path.
        Unreadable: it cannot be looked at, or there is no bundle.
    """
    return (folder for folder, _ in located_bundles(path, [] if templates is None else templates))


def located_bundles(path: Path, templates: list[Path]) -> Iterator[tuple[Path, str]]:
    """The folders of the bundles that a path means, each with where it really is; otherwise as `bundle_folders`.

    Raises:
        Unreadable: the path belongs to no bundle, or cannot be read.
    """
    if _is_folder(path) and not (path.name == MANIFEST and not has_manifest(path)):
        yield from _in_folder(path, templates)
        return
    _refuse_missing(path)
    folder = path.parent if path.name == MANIFEST else enclosing_bundle(path)
    if folder is None:
        raise Unreadable(f"{path} belongs to no bundle", hint=f"no folder around it has a {MANIFEST}")
    real = os.path.realpath(folder)
    if is_template(folder, real):
        templates.append(folder)
    else:
        yield folder, real


def is_template(folder: Path, real: str) -> bool:
    """Whether a folder with a bundle.json, which really is elsewhere, is a template of bundles for cookiecutter."""
    if _TEMPLATE.search(real):
        return True
    try:
        content = FolderFiles(folder).read(MANIFEST, LARGEST_MANIFEST)
    except Unreadable:
        return False
    return b"cookiecutter" in content and _TEMPLATE.search(content.decode("utf-8", "replace")) is not None


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


def _in_folder(root: Path, templates: list[Path]) -> Iterator[tuple[Path, str]]:
    found = False
    before = len(templates)
    folders = [(root, os.path.realpath(root))]
    while folders:
        folder, real = folders.pop()
        if has_manifest(folder):
            if is_template(folder, real):
                templates.append(folder)
                continue
            found = True
            yield folder, real
        else:  # no link is followed, so that the real place of what is inside needs no look at the disk
            folders += [(one, f"{real.rstrip(os.sep)}{os.sep}{one.name}") for one in reversed(subfolders(folder))]
    if not found and len(templates) > before:
        told = f"there is no bundle in {root}, only the cookiecutter template {templates[-1]}"
        if templates[-1] == root:
            told = f"{root} is a cookiecutter template, not a bundle"
        raise Unreadable(told, hint="bundlekit new --template makes a bundle of a template, which can be checked")
    if not found:
        around = enclosing_bundle(root / MANIFEST)
        hint = f"it is in the bundle {around}" if around is not None else "bundlekit new makes one"
        raise Unreadable(f"there is no bundle in {root}", hint=hint)


def subfolders(folder: Path) -> list[Path]:
    """The folders in one in which bundles are looked for, in order.

    Raises:
        Unreadable: it cannot be listed.
    """
    try:
        with os.scandir(folder) as items:
            names = [item.name for item in items if item.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise Unreadable(f"cannot list {folder}: {error.strerror}") from error
    return [folder / name for name in sorted(names) if not name.startswith(".") and name not in _NOT_LOOKED_INTO]
