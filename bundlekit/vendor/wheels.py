"""Wheels: zip files with the modules as they are installed."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path

from bundlekit.bundle.files import Entry, Kind
from bundlekit.errors import Refused, Unreadable, reason_of
from bundlekit.pack import safety
from bundlekit.vendor.distribution import LICENCE_FILE, Distribution, parse_metadata, refuse_unsafe, unzipped
from bundlekit.vendor.natives import NATIVE_FILE

_INFO = re.compile(r"[^/]+\.dist-info", re.DOTALL)
_DATA = re.compile(r"[^/]+\.data", re.DOTALL)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
"""What zipfile raises for a damaged file; a name that no wheel has is a ValueError too."""

_INSTALLED_DATA = ("purelib", "platlib")  # scripts, headers and files for /usr/share have no use in a bundle


def read_wheel(path: Path) -> Distribution:
    """Read a wheel.

    Raises:
        Unreadable: it is no wheel.
        Refused: it holds what may not be in a bundle, or more than a gateway takes.
    """
    from packaging.utils import parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as wheel:
            found = _contents(path, wheel)
    except _DAMAGED as error:
        raise Unreadable(f"{path.name} is not a wheel that can be read: {reason_of(error)}") from error
    infos = {member.partition("/")[0] for member in found if _INFO.fullmatch(member.partition("/")[0])}
    if len(infos) != 1 or f"{(info := infos.pop())}/METADATA" not in found:
        raise Unreadable(f"{path.name} is not a wheel: it has no .dist-info with METADATA, or several")
    metadata = parse_metadata(found[f"{info}/METADATA"])
    files = {place: content for member, content in found.items() if (place := _place(member, info))}
    licences = {
        member.rpartition("/")[2]: content
        for member, content in found.items()
        if member.startswith(f"{info}/")
        and (LICENCE_FILE.fullmatch(member.rpartition("/")[2]) or member.startswith(f"{info}/licenses/"))
    }
    for package in found.get(f"{info}/namespace_packages.txt", b"").decode("utf-8", "replace").split():
        files[f"{package.replace('.', '/')}/__init__.py"] = NAMESPACE
    return Distribution(
        name=str(name),
        version=str(version),
        metadata=metadata,
        files=files,
        licences=licences,
        requires=tuple(map(str, metadata.get_all("Requires-Dist", ()))),
        native=next((place for place in files if NATIVE_FILE.fullmatch(place)), ""),
    )


NAMESPACE = b'__path__ = __import__("pkgutil").extend_path(__path__, __name__)\n'
"""What makes a folder a package that others can add to: the .pth files of pip do nothing in `vendor/`."""


def _contents(path: Path, wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """The files, read only after all of the list was found to be harmless."""
    listed = wheel.infolist()
    refuse_unsafe(path, (_entry(one) for one in listed))
    size, packed = sum(one.file_size for one in listed), path.stat().st_size
    if safety.is_bomb(size, packed):
        raise Refused(f"{path.name} has {packed} bytes and unpacks to {size}")
    found = {}
    for one in listed:
        if not one.is_dir():
            found[one.filename] = unzipped(wheel, one)
    return found


def _entry(one: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(one.external_attr >> 16)
    name = one.orig_filename  # zipfile cuts a name at a NUL and turns separators around
    if kind == stat.S_IFLNK:
        return Entry(name, Kind.LINK, target="another file")
    if one.is_dir():
        return Entry(name.removesuffix("/"), Kind.FOLDER)
    return Entry(name, Kind.FILE if kind in (0, stat.S_IFREG) else Kind.OTHER, one.file_size)


def _place(member: str, info: str) -> str:
    """Where a file of a wheel is installed; empty for what is not."""
    head, _, rest = member.partition("/")
    if head == info or member.endswith("-nspkg.pth"):
        return ""
    if not _DATA.fullmatch(head):
        return member
    scheme, _, place = rest.partition("/")
    return place if scheme in _INSTALLED_DATA else ""
