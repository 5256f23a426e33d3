"""`vendor.lock`: what `bundlekit vendor` put into the folder `vendor/` of a bundle.

It is JSON in a fixed order with a line for each value, so that a version control system shows a change as a change.
Nothing of the machine is in it: no address of an index, no time.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from bundlekit.bundle.files import Files, Kind
from bundlekit.errors import Refused, Unreadable
from bundlekit.quoting import quoted

VENDOR = "vendor"
VENDOR_LOCK = "vendor.lock"

_LARGEST = 1024 * 1024
_FORM = 1

# What pip reads as lines of its own: a lock may come from anybody, and gives it no option and no address.
_NAME = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION = re.compile("[0-9A-Za-z][0-9A-Za-z.!+_-]*")
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package in `vendor/`.

    Attributes:
        name: as PyPI spells it, normalised: lower case, hyphens.
        version: of it.
        file: the name of the wheel or the sdist that it was taken from.
        sha256: of that file, in hex.
        licence: an SPDX expression where one can be told, else what the package says; empty where it says nothing.
        modules: the names that it can be imported by, sorted.
        required_by: the packages that require it, sorted; `requirements.txt` is the bundle itself.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    modules: tuple[str, ...]
    required_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VendorLock:
    """The whole of it.

    Attributes:
        requirements: the lines of requirements.txt that it was made from, normalised and sorted.
        digest: the SHA-256 of the paths and the content of all files in `vendor/`, in hex.
        packages: by name.
    """

    requirements: tuple[str, ...]
    digest: str
    packages: tuple[LockedPackage, ...]

    def text(self) -> str:
        """As it is written."""
        return json.dumps({"form": _FORM, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def is_vendored(path: str) -> bool:
    """Whether a path of a bundle lies in `vendor/`, where a bundle has a lock for it."""
    return path.startswith(f"{VENDOR}/")


def has_lock(files: Files) -> bool:
    """Whether `vendor/` of a bundle, if it has one, is the work of `bundlekit vendor`."""
    try:
        entry = files.entries.get(VENDOR_LOCK)
    except Unreadable:
        return False
    return entry is not None and entry.kind is Kind.FILE


def read_lock(files: Files, label: str = VENDOR_LOCK) -> VendorLock | None:
    """The lock of a bundle; None if it has none.

    Args:
        files: of the bundle.
        label: how messages call the lock.

    Raises:
        Unreadable: it cannot be read.
        Refused: it is no lock.
    """
    if not has_lock(files):
        return None
    content = files.read(VENDOR_LOCK, _LARGEST)
    try:
        return _lock(json.loads(content))  # what is cut off is no JSON
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(
            f"{label} is not a lock of bundlekit vendor: {_why(error)}",
            hint="get it from version control again, or remove it and run bundlekit vendor",
        ) from error


def _lock(said: dict[str, Any]) -> VendorLock:
    if said["form"] != _FORM:
        raise ValueError("a later version of bundlekit wrote it")
    packages = tuple(_package(one) for one in said["packages"])
    return VendorLock(_strings(said["requirements"]), _string(said["digest"]), packages)


def _why(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _package(said: dict[str, Any]) -> LockedPackage:
    return LockedPackage(
        name=_string(said["name"], _NAME),
        version=_string(said["version"], _VERSION),
        file=_string(said["file"]),
        sha256=_string(said["sha256"], _DIGEST),
        licence=_string(said["licence"]),
        modules=_strings(said["modules"]),
        required_by=_strings(said["required_by"]),
    )


def _string(value: Any, form: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str):
        raise TypeError("a value in it is not a string")
    # What does not print would be a command to the terminal that shows it.
    if not value.isprintable() or (form and not form.fullmatch(value)):
        raise ValueError(f"{quoted(value)} is in the place of something else")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a value in it is not a list")
    return tuple(_string(one) for one in value)
