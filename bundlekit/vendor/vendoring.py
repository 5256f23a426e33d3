"""requirements.txt → `vendor/` and `vendor.lock`, and whether the three still belong together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import REQUIREMENTS, Bundle
from bundlekit.bundle.vendor_lock import VENDOR, VENDOR_LOCK, LockedPackage, VendorLock, read_lock
from bundlekit.errors import CouldNotRun, Refused
from bundlekit.vendor import folder as vendor_folder
from bundlekit.vendor.closure import required_by
from bundlekit.vendor.distribution import Distribution
from bundlekit.vendor.pip import download
from bundlekit.vendor.requirements import requirements_of
from bundlekit.vendor.sdists import is_sdist, read_sdist
from bundlekit.vendor.trial import Trial, try_modules
from bundlekit.vendor.wheels import read_wheel

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_SHOWN = 10


@dataclass(frozen=True)
class Vendored:
    """What `vendor` has done.

    Attributes:
        lock: as it is written now.
        changed: whether anything was written.
        files: how many are in `vendor/`.
        size: of them, in bytes.
        trial: their imports under Python 2.7; None where there is none, or nothing was written.
    """

    lock: VendorLock
    changed: bool
    files: int
    size: int
    trial: Trial | None


def vendor(path: Path, *, upgrade: bool, python: tuple[str, str] | None) -> Vendored:
    """Bring `vendor/` of a bundle up to its requirements.txt. What fits already is left alone, without network.

    Args:
        path: the folder of the bundle.
        upgrade: whether the newest versions that requirements.txt allows are taken; else those of the lock stay.
        python: a Python 2.7 to try the imports with; see `find_python_2`.

    Raises:
        Refused: requirements.txt, a package or what lies in `vendor/` is not acceptable, or an import fails.
        CouldNotRun: packages cannot be found, or the folder cannot be written.
    """
    vendor_folder.complete(path)
    bundle = Bundle.in_folder(path)
    wanted = requirements_of(bundle)
    lock = read_lock(bundle.files, bundle.shown(VENDOR_LOCK))
    there = vendor_folder.present(path)
    if there and (lock is None or vendor_folder.digest_of(there) != lock.digest):
        _refuse_changed(bundle, lock)
    is_current = lock is not None and lock.requirements == _texts(wanted)
    if lock is not None and is_current and not upgrade and (there or not lock.packages):
        return Vendored(lock, False, len(there or ()), _size(there or {}), None)
    if not wanted:
        return _emptied(path, lock)
    with tempfile.TemporaryDirectory(prefix="bundlekit-vendor-") as name:
        scratch = Path(name)
        _fetch(wanted, lock, scratch / "got", is_current=is_current, upgrade=upgrade)
        archives = {one: _read(one) for one in sorted((scratch / "got").iterdir())}
        made, files = _made(wanted, archives)
        if lock is not None and is_current and not upgrade and made.digest != lock.digest:
            raise CouldNotRun(
                f"the packages of {bundle.shown(VENDOR_LOCK)} make another {VENDOR}/ than it says",
                kept="nothing was changed",
                hint="another version of bundlekit has written it; run bundlekit vendor --upgrade",
            )
        trial = None
        if python is not None:
            vendor_folder.fill(scratch / VENDOR, files)
            modules = {module for package in made.packages for module in package.modules}
            trial = _tried(try_modules(python, scratch / VENDOR, modules), made)
    vendor_folder.write(path, files, made)
    return Vendored(made, True, len(files), _size(files), trial)


def differences(path: Path) -> tuple[str, ...]:
    """Why `vendor/`, `vendor.lock` and requirements.txt of a bundle do not belong together; empty if they do.

    It needs no network. `vendor/` need not be there where it is not committed.

    Raises:
        Refused: one of them is not acceptable.
        Unreadable: one cannot be read.
    """
    if vendor_folder.is_interrupted(path):
        return (f"bundlekit vendor was interrupted while it wrote {VENDOR}/; it completes that when it runs again",)
    bundle = Bundle.in_folder(path)
    lock, there = read_lock(bundle.files, bundle.shown(VENDOR_LOCK)), vendor_folder.present(path)
    if lock is None and REQUIREMENTS not in bundle.files.entries:
        return ()
    wanted = _texts(requirements_of(bundle))
    if lock is None:
        return (f"there is no {VENDOR_LOCK} for {REQUIREMENTS}",) if wanted else ()
    found = []
    if lock.requirements != wanted:
        changed = sorted(set(lock.requirements) ^ set(wanted))
        found.append(f"{REQUIREMENTS} has changed since {VENDOR_LOCK} was written: {', '.join(changed[:_SHOWN])}")
    if there is None and lock.packages:
        found.append(f"there is no {VENDOR}/")
    elif vendor_folder.digest_of(there or {}) != lock.digest:
        found.append(f"the files in {VENDOR}/ are not those of {VENDOR_LOCK}")
    return tuple(found)


def _fetch(
    wanted: Sequence[Requirement], lock: VendorLock | None, place: Path, *, is_current: bool, upgrade: bool
) -> None:
    """Put the archives into a folder: of the lock where it counts, else new ones that differ from it the least."""
    locked = lock.packages if lock is not None and not upgrade else ()
    if locked and is_current:
        lines = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in locked]
        download(lines, place, sdists=[one.name for one in locked if is_sdist(Path(one.file))], exact=True)
        return
    asked = {one.name: one.specifier for one in wanted}
    kept = [
        f"{one.name}=={one.version}"
        for one in locked
        if one.name not in asked or asked[one.name].contains(one.version, prereleases=True)
    ]
    texts = _texts(wanted)
    if kept:
        try:
            download(texts, place, constraints=kept)
        except CouldNotRun:  # a package that is new may need others in other versions
            shutil.rmtree(place)
        else:
            return
    download(texts, place)


def _read(path: Path) -> Distribution:
    return read_sdist(path) if is_sdist(path) else read_wheel(path)


def _made(wanted: Sequence[Requirement], archives: Mapping[Path, Distribution]) -> tuple[VendorLock, dict[str, bytes]]:
    """The lock of what came, and the files."""
    by_name = {one.name: one for one in archives.values()}
    needed = required_by(wanted, by_name)
    packages = [
        LockedPackage(
            name=one.name,
            version=one.version,
            file=path.name,
            sha256=sha256(path.read_bytes()).hexdigest(),
            licence=one.licence,
            modules=one.modules,
            required_by=tuple(sorted(needed[one.name])),
        )
        for path, one in archives.items()
        if one.name in needed
    ]
    packages.sort(key=lambda one: one.name)
    files = vendor_folder.contents_of([by_name[one.name] for one in packages])
    return VendorLock(_texts(wanted), vendor_folder.digest_of(files), tuple(packages)), files


def _tried(trial: Trial, lock: VendorLock) -> Trial:
    """Raises:
    Refused: an import has failed.
    """
    if not trial.failed:
        return trial
    owners = {module: f"{one.name} {one.version}" for one in lock.packages for module in one.modules}
    raise Refused(
        f"not all packages can be imported under Python {trial.version}",
        details=tuple(f"{module} of {owners[module]}: {why}"[:300] for module, why in sorted(trial.failed.items())),
        kept="nothing was changed",
        hint="name an earlier version in requirements.txt",
    )


def _refuse_changed(bundle: Bundle, lock: VendorLock | None) -> None:
    if lock is None:
        raise Refused(
            f"{bundle.shown(VENDOR)} has files that bundlekit vendor did not put there: there is no {VENDOR_LOCK}",
            kept="they were left as they are",
            hint="move them beside index.py, or into another folder",
        )
    raise Refused(
        f"the files in {bundle.shown(VENDOR)} are not those of {VENDOR_LOCK}: somebody changed them",
        kept="they were left as they are",
        hint=f"undo the changes, or delete {bundle.shown(VENDOR)} and run bundlekit vendor again",
    )


def _emptied(path: Path, lock: VendorLock | None) -> Vendored:
    """Take `vendor/` away: nothing is required any more."""
    if lock is not None:
        vendor_folder.clear(path)
    return Vendored(VendorLock((), vendor_folder.digest_of({}), ()), lock is not None, 0, 0, None)


def _texts(wanted: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(map(str, wanted))


def _size(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))
