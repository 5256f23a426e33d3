"""From what somebody names on the command line to the bundles to check."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bundlekit.bundle.bundle import MANIFEST, Bundle
from bundlekit.bundle.overlay import Overlaid
from bundlekit.bundle.search import enclosing_bundle, located_bundles
from bundlekit.cli import report_error
from bundlekit.errors import BundlekitError, Unreadable

_ARCHIVES = (".tar.gz", ".tgz")

_LARGEST = 16 * 1024 * 1024
"""More of standard input than this is not read; no file that is looked into may be as large."""


def bundles_at(
    paths: Iterable[Path], skip_foreign: bool, failures: list[BundlekitError]
) -> Iterator[tuple[str, Bundle]]:
    """The bundles that the paths mean, each once, with the place where it really lies; what cannot be had is added to
    the failures.

    Args:
        paths: of bundles, archives and folders with bundles.
        skip_foreign: whether files that belong to no bundle are skipped.
        failures: gets what cannot be had.
    """
    seen: set[str] = set()
    told: set[Path] = set()
    for path in _one_a_folder(paths) if skip_foreign else paths:
        templates: list[Path] = []
        try:
            for place, bundle in _bundles_at(path, skip_foreign, templates):
                if place not in seen:
                    seen.add(place)
                    yield place, bundle
        except BundlekitError as failure:
            failures.append(failure)
        else:
            for template in templates:
                if template not in told:
                    told.add(template)
                    report_error.note(f"{template} is not checked: it is a cookiecutter template, not a bundle")


def _one_a_folder(paths: Iterable[Path]) -> Iterator[Path]:
    """Of files in the same folder one, for they belong to the same bundle: hooks may be given all of a repository."""
    met: set[Path] = set()
    for path in paths:
        if is_archive(path) or path.is_dir():
            yield path
        elif path.parent not in met:
            met.add(path.parent)
            yield path


def is_archive(path: Path) -> bool:
    """Whether a path is that of an archive, by its name."""
    return path.name.endswith(_ARCHIVES) and os.path.lexists(path) and not path.is_dir()


def bundle_of_input(path: Path) -> tuple[str, Bundle, str] | None:
    """The bundle that a file lies in, with what comes in on standard input for what stands in the file.

    Args:
        path: of the file, which need not be there.

    Returns:
        Where the bundle really lies, the bundle, and the file as findings call it. None if it belongs to no bundle.

    Raises:
        Unreadable: standard input cannot be read.
    """
    folder = path.parent if path.name == MANIFEST else enclosing_bundle(path)
    if folder is None:
        return None
    if sys.stdin is None:
        raise Unreadable("standard input is closed")
    try:
        content = sys.stdin.buffer.read(_LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"cannot read standard input: {error.strerror}") from error
    inside = os.path.relpath(path, folder)
    on_disk = Bundle.in_folder(folder)
    bundle = Bundle(on_disk.label, Overlaid(on_disk.files, inside, content))
    return os.path.realpath(folder), bundle, bundle.shown(inside)


def _bundles_at(path: Path, skip_foreign: bool, templates: list[Path]) -> Iterator[tuple[str, Bundle]]:
    """The bundles that a path means, and where each really lies."""
    is_file = os.path.lexists(path) and not path.is_dir()
    if is_archive(path):
        from bundlekit.pack.reading import open_archive

        yield os.path.realpath(path), open_archive(path)
    elif not (is_file and skip_foreign and enclosing_bundle(path) is None):
        for folder, real in located_bundles(path, templates):
            yield real, Bundle.in_folder(folder)
