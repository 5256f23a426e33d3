"""The archive of a bundle that may go to gateways: validated and packed once for all hosts of a run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants

try:
    from bundlekit.bundle.files import Kind
    from bundlekit.errors import BundlekitError, Refused
    from bundlekit.library.checking import examine, lines_of, refusal_of
    from bundlekit.library.packing import checked_archive
    from bundlekit.library.signatures import check_signature
    from bundlekit.lint.baselines import Baselines
    from bundlekit.lint.chosen import Asked, RuleChoice
    from bundlekit.pack.ignore import open_folder
    from bundlekit.pack.reading import read_archive
except ImportError:  # which the action reports
    pass

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.pack.archive import Archive


@dataclass(frozen=True)
class Checked:
    """An archive without errors.

    Attributes:
        archive: of the bundle.
        keeps_writes: whether a deploy has to try PUT as well, by the bundle's settings.
        findings: of the check, a line each.
    """

    archive: Archive
    keeps_writes: bool
    findings: tuple[str, ...]


def checked(source: Path) -> Checked:
    """Validate a bundle's folder and pack it, or validate an archive, which is taken as it is.

    Each worker of Ansible is a process of its own. So the first one leaves its result in Ansible's temporary folder,
    under a digest of all that counts; that folder is for its owner alone and ends with the run.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    place = Path(constants.DEFAULT_LOCAL_TMP) / f"bundlekit-{_digest(source)}"
    with Path(f"{place}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = Path(f"{place}.json")
        if not record.exists():
            written = Path(f"{place}.new")
            written.write_text(json.dumps(_check(source, Path(f"{place}.tar.gz"))), encoding="utf-8")
            written.rename(record)
    found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    if found["refused"]:
        message, hint = found["refused"]
        raise Refused(message, hint=hint, details=tuple(found["findings"]))
    archive = source if source.is_file() else Path(f"{place}.tar.gz")
    return Checked(read_archive(archive), found["keeps_writes"], tuple(found["findings"]))


def check_signed(archive: Archive, source: Path, *, required: bool) -> None:
    """See that what is sent to a gateway is signed as the settings ask, where it has a signature or has to have one.

    Each worker does it for itself, for the archive that it has read.

    Raises:
        Refused: it is not.
        BundlekitError: the settings do not say who may sign, or cannot be read.
    """
    check_signature(archive, source, RuleChoice(Asked()), required=required)


def _check(source: Path, place: Path) -> dict[str, Any]:
    """What the check of a bundle found; the archive of a folder is at `place` then."""
    findings: list[str] = []

    def check(bundle: Bundle, path: Path, choice: RuleChoice) -> None:
        found = examine(bundle, path, choice, Baselines(choice))
        findings.extend(lines_of(found))
        if not found.passed:
            raise refusal_of(found, hint="correct these findings, then try again")

    archive, keeps_writes, refused = None, False, None
    try:
        archive, keeps_writes = checked_archive(source, RuleChoice(Asked()), check)
    except Refused as error:
        refused = error.message, error.hint
    if archive is not None and source.is_dir():
        place.write_bytes(archive.data)
    return {"refused": refused, "keeps_writes": keeps_writes, "findings": findings}


def _digest(source: Path) -> str:
    """A digest of a bundle's place and content, and of the settings and the baseline that count for it."""
    digest = hashlib.sha256(os.fsencode(source.resolve()))

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)

    if source.is_dir():
        files = open_folder(source).files
        for path, entry in files.entries.items():
            content = files.read(path) if entry.kind is Kind.FILE else entry.target.encode("utf-8", "surrogateescape")
            add(f"{path} {entry.kind.value} {entry.executable}", content)
    else:
        with contextlib.suppress(OSError):  # which the check reports
            add("archive", source.read_bytes())
    with contextlib.suppress(BundlekitError, OSError):
        choice = RuleChoice(Asked())
        if settings := choice.settings_of(source):
            add("settings", settings.file.read_bytes())
        if baseline := choice.baseline_of(source):
            add("baseline", baseline.read_bytes())
    return digest.hexdigest()
