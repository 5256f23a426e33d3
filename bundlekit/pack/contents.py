"""Which files of a bundle go into its archive, and why the others do not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bundlekit.bundle.bundle import MAIN, MANIFEST, Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.vendor_lock import VENDOR, VENDOR_LOCK, read_lock
from bundlekit.errors import Refused
from bundlekit.pack import safety
from bundlekit.pack.ignore import IGNORE_FILE, Ignore

SUMS = "SHA256SUMS"

_BASELINE = "the baseline of bundlekit validate"
_NEEDED = {MANIFEST, MAIN, "data"}
_FACTORY = re.compile(r"data/[^/]+\.json\.factory", re.DOTALL)
_RUNTIME = re.compile(r"data/[^/]+\.json(\.backup)?", re.DOTALL)


@dataclass(frozen=True)
class LeftOut:
    """What stays out. A folder's path ends with `/` and stands for all that is in it."""

    path: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What goes in, files and folders, and what does not, both sorted by path."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


def select(bundle: Bundle, baseline: str | None = None) -> Contents:
    """Decide what of a bundle goes into its archive.

    Args:
        bundle: the bundle.
        baseline: the path in it of a file with the findings that are known, which stays out.

    `data/<name>.json` beside a factory file, and `data/<name>.json.backup`, hold the settings that somebody
    made on one machine; they stay out whatever `.bundleignore` says.

    Raises:
        Refused: what would go in has links, devices, names that clash or that not every system takes; or
            `.bundleignore` leaves out what no bundle runs without, or is not understood; or `vendor.lock` names
            packages and there is no `vendor/`.
        Unreadable: the folder cannot be listed, or its `.bundleignore` cannot be read.
    """
    found = bundle.files.entries
    ignore = Ignore.of(bundle)
    entries: list[Entry] = []
    left_out: dict[str, LeftOut] = {}
    for path, entry in found.items():
        parent = path.rpartition("/")[0]
        while parent and parent not in left_out:
            parent = parent.rpartition("/")[0]
        if parent:
            continue
        reason = _BASELINE if path == baseline else reason_to_leave_out(entry, bundle, ignore)
        if reason is None:
            entries.append(entry)
        else:
            left_out[path] = LeftOut(path + "/" if entry.kind is Kind.FOLDER else path, reason)
    for path, left in left_out.items():
        if path in _NEEDED or _FACTORY.fullmatch(path):
            raise Refused(
                f"{bundle.shown(path)} stays out ({left.reason}), and no bundle runs without it",
                hint=f"correct {bundle.shown(IGNORE_FILE)}",
            )
    if VENDOR not in found and (lock := read_lock(bundle.files, bundle.shown(VENDOR_LOCK))) and lock.packages:
        raise Refused(
            f"{bundle.shown(VENDOR)} is not there, and {VENDOR_LOCK} names packages that the bundle needs",
            kept="nothing was packed",
            hint="run bundlekit vendor, which puts them there",
        )
    safety.check(bundle.label, entries)
    return Contents(tuple(entries), tuple(left_out.values()))


def reason_to_leave_out(entry: Entry, bundle: Bundle, ignore: Ignore) -> str | None:
    """Why something does not go into the archive, or None; the folders around it are not asked for.

    Args:
        entry: of the bundle.
        bundle: it is in.
        ignore: the patterns of the bundle.
    """
    if entry.path == SUMS:
        return "written anew"
    if is_settings(entry.path, bundle):
        return "settings made on one machine, never packed"
    return ignore.reason(entry.path, folder=entry.kind is Kind.FOLDER)


def is_settings(path: str, bundle: Bundle) -> bool:
    """Whether a file holds the settings that a bundle keeps while it runs, or their backup."""
    if not _RUNTIME.fullmatch(path):
        return False
    return path.endswith(".backup") or path + ".factory" in bundle.files.entries
