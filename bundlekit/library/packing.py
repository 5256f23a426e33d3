"""From a path to an archive that may go to a gateway."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage
from bundlekit.library.checking import refuse_errors, require_manifest
from bundlekit.lint.chosen import Asked, RuleChoice

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.pack.archive import Archive
    from bundlekit.pack.contents import Contents

Check = Callable[["Bundle", Path, RuleChoice], None]
"""Raises what keeps a bundle from being used; gets it, its place, and the rules."""


def pack(path: str | os.PathLike[str], *, sbom: bool = False) -> Archive:
    """Check the bundle in a folder and pack it, as `bundlekit pack` does; nothing is written.

    The same files give the same bytes, on any machine and at any time. `Archive.write` makes the file.

    Args:
        path: of the folder with bundle.json.
        sbom: whether an SBOM (CycloneDX 1.6, JSON) goes in. It needs the extra `sbom`.

    Raises:
        Refused: the bundle has errors, which `details` has as lines; or something in it must not be packed.
        Unreadable: there is no bundle, or a file cannot be read.
        BadUsage: `path` is not a folder, or the settings make no sense.
        CouldNotRun: the library for an SBOM is not installed.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BadUsage(f"{folder} is not a folder", hint="name the folder with bundle.json")
    return pack_folder(folder, RuleChoice(Asked()), sbom=sbom)[0]


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Check an archive that was packed before and read it: its bytes as they are, and the signatures beside it.

    Args:
        path: of the `.tar.gz`.

    Raises:
        Refused: the bundle in it has errors, which `details` has; or the archive has something that none may have.
        Unreadable: it cannot be read.
        BadUsage: `path` is a folder, or the settings make no sense.
    """
    file = Path(path)
    if file.is_dir():
        raise BadUsage(f"{file} is a folder", hint="bundlekit.pack(path) packs it")
    return checked_archive(file, RuleChoice(Asked()))[0]


def checked_archive(
    path: Path,
    choice: RuleChoice,
    check: Check = refuse_errors,
    packed: Callable[[int, int], None] | None = None,
) -> tuple[Archive, bool]:
    """Check a bundle's folder and pack it, or check an archive, which is read once.

    Args:
        path: of the folder or the archive.
        choice: the rules.
        check: of the bundle.
        packed: hears of the bytes that are packed, of those in all.

    Returns:
        The archive, and whether the settings that count there ask a deploy to try PUT as well.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.pack import reading

    if path.is_dir():
        archive, _ = pack_folder(path, choice, check, packed=packed)
    else:
        archive = reading.read_archive(path, lambda bundle: check(bundle, path, choice))
    settings = choice.settings_of(path)
    return archive, settings is not None and settings.verify_write


def pack_folder(
    path: Path,
    choice: RuleChoice,
    check: Check = refuse_errors,
    *,
    sbom: bool = False,
    packed: Callable[[int, int], None] | None = None,
) -> tuple[Archive, Contents]:
    """Check the bundle in a folder and pack it.

    Args:
        path: the folder.
        choice: the rules.
        check: of the bundle.
        sbom: whether an SBOM goes in.
        packed: hears of the bytes that are packed, of those in all.

    Returns:
        Its archive, and what is in it and what is not.

    Raises:
        BundlekitError: it cannot be read or packed; or what `check` raises.
    """
    from bundlekit.pack import archive
    from bundlekit.pack.contents import select
    from bundlekit.pack.ignore import open_folder

    require_manifest(path)
    bundle = open_folder(path)
    check(bundle, path, choice)
    contents = select(bundle, baseline_in(path, choice))
    if sbom:
        from bundlekit.pack.sbom import with_sbom

        bundle, contents = with_sbom(bundle, contents, provided_modules_of(bundle))
    return archive.pack(bundle, contents, packed), contents


def baseline_in(folder: Path, choice: RuleChoice) -> str | None:
    """The path in a bundle's folder of the baseline that the settings name, if it lies there.

    Raises:
        BundlekitError: the settings cannot be read or make no sense.
    """
    baseline = choice.baseline_of(folder)
    if baseline is None or not baseline.resolve().is_relative_to(folder.resolve()):
        return None
    return baseline.resolve().relative_to(folder.resolve()).as_posix()


def provided_modules_of(bundle: Bundle) -> Mapping[str, str]:
    """The modules that a bundle imports and does not bring, for its SBOM."""
    from bundlekit.bundle.manifest import main_of, read_manifest
    from bundlekit.source.imports import provided_modules
    from bundlekit.source.modules import imported_modules
    from bundlekit.source.routes import read_source

    main = read_source(bundle, main_of(bundle, read_manifest(bundle).value)).module
    return provided_modules(bundle, imported_modules(bundle, main)) if main is not None else {}
