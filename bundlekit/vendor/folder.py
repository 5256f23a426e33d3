"""The folder `vendor/` of a bundle: made as a whole, and compared with its lock."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from bundlekit.bundle.files import Entry, FolderFiles, Kind
from bundlekit.bundle.vendor_lock import VENDOR, VENDOR_LOCK, VendorLock, read_lock
from bundlekit.errors import CouldNotRun, Refused
from bundlekit.io import replacing
from bundlekit.pack import safety
from bundlekit.pack.ignore import Ignore
from bundlekit.vendor.distribution import Distribution
from bundlekit.vendor.natives import alternative_to
from bundlekit.vendor.target import PROVIDED

_LICENCES = "licences"
_NEXT = f".{VENDOR}-next"
_OLD = "old"
_DRAFT = re.compile(rf"\.{VENDOR}-[0-9a-f]{{8}}")
_NEVER_NEEDED = frozenset({"doc", "docs", "example", "examples", "test", "tests"})
"""Folders that some packages install at the top by mistake."""


def contents_of(packages: Iterable[Distribution]) -> dict[str, bytes]:
    """The files of `vendor/` by their path in it.

    Raises:
        Refused: a package is for one processor, or two bring the same file, or what they bring may not be packed.
    """
    packed = Ignore()
    files: dict[str, bytes] = {}
    owner: dict[str, str] = {}
    for package in packages:
        if package.native:
            raise Refused(
                f"{package.name} {package.version} has code for one processor ({package.native}), and a gateway "
                "cannot compile it",
                hint=alternative_to(package.name),
            )
        if of_gateway := sorted(PROVIDED.intersection(package.modules)):
            raise Refused(
                f"{package.name} {package.version} brings the module {of_gateway[0]}, which every gateway has: "
                "the bundle would get this copy in its place",
                hint="take the package out of requirements.txt",
            )
        brought = {
            **{path: content for path, content in package.files.items() if _is_needed(path, package)},
            **{f"{_LICENCES}/{package.name}/{name}": content for name, content in package.licences.items()},
        }
        for path, content in brought.items():
            if _is_ignored(path, packed):
                continue
            if files.setdefault(path, content) != content:
                raise Refused(
                    f"{owner[path]} and {package.name} both bring {VENDOR}/{path}, and not the same",
                    hint="take one of the two out of requirements.txt",
                )
            owner.setdefault(path, package.name)
    safety.check(VENDOR, [Entry(path, Kind.FILE, len(content)) for path, content in files.items()])
    return dict(sorted(files.items()))


def _is_needed(path: str, package: Distribution) -> bool:
    top = path.partition("/")[0]
    return top not in _NEVER_NEEDED or package.modules == (top,)


def _is_ignored(path: str, ignore: Ignore) -> bool:
    """Whether it would stay out of every archive, so that `vendor/` and a release are the same."""
    parts = path.split("/")
    folders = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return any(ignore.reason(folder, folder=True) for folder in folders) or bool(ignore.reason(path, folder=False))


def digest_of(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of the paths and the content of files, in hex."""
    lines = (f"{sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return sha256("".join(lines).encode()).hexdigest()


def present(bundle: Path) -> dict[str, bytes] | None:
    """The files that lie in `vendor/`, but for those that Python and other tools leave there; None without a folder.

    Raises:
        Refused: it has links or devices, or is no folder.
        Unreadable: it cannot be read.
    """
    folder = bundle / VENDOR
    if not os.path.lexists(folder):
        return None
    if folder.is_symlink() or not folder.is_dir():
        raise Refused(f"{folder} is not a folder", kept="it was left as it is", hint="move it away")
    ignore, found = Ignore(), FolderFiles(folder)
    entries = [one for one in found.entries.values() if not _is_ignored(one.path, ignore)]
    safety.check(str(folder), entries)
    return {one.path: found.read(one.path) for one in entries if one.kind is Kind.FILE}


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder with some files.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def write(bundle: Path, files: Mapping[str, bytes], lock: VendorLock) -> None:
    """Make `vendor/` and `vendor.lock` of a bundle anew: both are there as they were, or as they will be.

    The new ones are complete in a folder beside the old ones before these are touched. If this is ended halfway,
    `complete` does the rest.

    Args:
        bundle: its folder.
        files: of `vendor/`, by their path in it.
        lock: that belongs to them.

    Raises:
        CouldNotRun: they cannot be written.
    """
    draft = bundle / f".{VENDOR}-{secrets.token_hex(4)}"
    try:
        try:
            fill(draft / VENDOR, files)
            with replacing(draft / VENDOR_LOCK) as stream:
                stream.write(lock.text().encode())
            draft.rename(bundle / _NEXT)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        _carry_out(bundle)
    except OSError as error:
        hint = "run bundlekit vendor again: it completes this" if is_interrupted(bundle) else None
        raise CouldNotRun(f"cannot write {bundle / VENDOR}: {error.strerror}", hint=hint) from error


def clear(bundle: Path) -> None:
    """Take `vendor/` of a bundle away, and then its lock.

    Raises:
        CouldNotRun: they cannot be removed.
    """
    old = bundle / f".{VENDOR}-{secrets.token_hex(4)}"
    try:
        if (bundle / VENDOR).exists():
            (bundle / VENDOR).rename(old)
        (bundle / VENDOR_LOCK).unlink(missing_ok=True)
    except OSError as error:
        raise CouldNotRun(f"cannot remove {bundle / VENDOR}: {error.strerror}") from error
    shutil.rmtree(old, ignore_errors=True)


def is_interrupted(bundle: Path) -> bool:
    """Whether a `write` was ended halfway."""
    return os.path.lexists(bundle / _NEXT)


def complete(bundle: Path) -> None:
    """Do the rest of a `write` that was ended halfway, and sweep away what it has left.

    If somebody has changed `vendor/` since, nothing is replaced.

    Raises:
        Refused: what it has left is a link, or holds links.
        CouldNotRun: it cannot be written.
    """
    for left in bundle.iterdir():
        if _DRAFT.fullmatch(left.name) and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    place = bundle / _NEXT
    if not os.path.lexists(place):
        return
    if place.is_symlink() or not place.is_dir():
        raise Refused(f"{place} is not a folder", kept="it was left as it is", hint="move it away")
    try:
        if _may_go_on(bundle, place):
            _carry_out(bundle)
            return
        if (place / _OLD).is_dir() and not (bundle / VENDOR).exists():
            (place / _OLD).rename(bundle / VENDOR)
        shutil.rmtree(place)
    except OSError as error:
        raise CouldNotRun(f"cannot write {bundle / VENDOR}: {error.strerror}") from error


def _may_go_on(bundle: Path, place: Path) -> bool:
    """Whether all is as `write` has left it."""
    new, old = (read_lock(FolderFiles(one), str(one / VENDOR_LOCK)) for one in (place, bundle))
    waiting, there = present(place), present(bundle)
    if new is None:
        return waiting is None  # nothing is left to do but to remove it
    if waiting is None:
        return there is not None and digest_of(there) == new.digest
    return digest_of(waiting) == new.digest and (there is None or (old is not None and digest_of(there) == old.digest))


def _carry_out(bundle: Path) -> None:
    place, folder = bundle / _NEXT, bundle / VENDOR
    if (place / VENDOR).exists():
        if folder.exists():
            folder.rename(place / _OLD)
        (place / VENDOR).rename(folder)
    if (place / VENDOR_LOCK).exists():
        (place / VENDOR_LOCK).replace(bundle / VENDOR_LOCK)
    shutil.rmtree(place, ignore_errors=True)
