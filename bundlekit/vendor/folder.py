"""The folder `vendor/` of a bundle: made as a whole, and compared with its lock."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from bundlekit.bundle.files import Entry, FolderFiles, Kind
from bundlekit.bundle.vendor_lock import VENDOR
from bundlekit.errors import CouldNotRun, Refused
from bundlekit.pack import safety
from bundlekit.pack.ignore import Ignore
from bundlekit.vendor.distribution import Distribution
from bundlekit.vendor.natives import alternative_to
from bundlekit.vendor.target import PROVIDED

_LICENCES = "licences"
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


def write(bundle: Path, files: Mapping[str, bytes]) -> None:
    """Make `vendor/` of a bundle anew: all of it is there, or what was there before.

    Raises:
        CouldNotRun: it cannot be written.
    """
    folder = bundle / VENDOR
    draft, old = (bundle / f".{VENDOR}-{secrets.token_hex(4)}" for _ in range(2))
    try:
        try:
            draft.mkdir()
            for path, content in files.items():
                place = draft / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            if folder.exists():
                folder.rename(old)
            if files:
                draft.rename(folder)
        finally:
            with contextlib.suppress(OSError):
                if old.exists() and not folder.exists() and files:  # it was not to be after all
                    old.rename(folder)
            for rest in (draft, old):
                shutil.rmtree(rest, ignore_errors=True)
    except OSError as error:
        raise CouldNotRun(f"cannot write {folder}: {error.strerror}") from error
