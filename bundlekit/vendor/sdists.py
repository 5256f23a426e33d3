"""sdists: source archives. Their modules are taken as they lie there; no setup.py and no build backend is run.

A pure package needs no build: its modules are in the archive, and `top_level.txt`, which setuptools writes into every
sdist, names them. So the result is the same with every version of setuptools and of Python, and what an author wrote
into a setup.py cannot do anything on the workstation.
"""

from __future__ import annotations

import bz2
import gzip
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, cast

from bundlekit.bundle.files import Entry, Kind
from bundlekit.errors import Refused, Unreadable, reason_of
from bundlekit.pack import safety
from bundlekit.vendor.distribution import LICENCE_FILE, Distribution, parse_metadata, refuse_unsafe, unzipped
from bundlekit.vendor.natives import BUILDS_NATIVE, FASTER_ONLY, NATIVE_FILE, NATIVE_SOURCE

_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".zip")
_ROOTS = ("", "src/", "lib/", "python2/", "lib2/")
"""Where the modules for Python 2.7 lie, in the order in which they are looked for."""

_NO_MODULES = frozenset({"build", "doc", "docs", "example", "examples", "script", "scripts", "setup", "test", "tests"})
_BUILD_FILES = ("setup.py", "setup.cfg", "pyproject.toml")
_EXTRA = re.compile(r"\[([^:\]]*):?([^\]]*)\]")


def is_sdist(path: Path) -> bool:
    """Whether a file's name is that of an sdist."""
    return path.name.endswith(_SUFFIXES)


def read_sdist(path: Path) -> Distribution:
    """Read an sdist.

    Raises:
        Unreadable: it is none, or one of which it cannot be seen where its modules lie.
        Refused: it holds what may not be in a bundle, or more than a gateway takes.
    """
    found = _contents(path)
    if "PKG-INFO" not in found:
        raise Unreadable(f"{path.name} is not an sdist: it has no PKG-INFO")
    metadata = parse_metadata(found["PKG-INFO"])
    name, version = _identity(path, str(metadata.get("Name")), str(metadata.get("Version")))
    modules = _modules(name, found)
    if not modules:
        raise Unreadable(
            f"{path.name}: it cannot be seen where its modules are",
            hint="look for a version that has a wheel, or put its modules beside index.py yourself",
        )
    files = {place[len(root) :]: found[place] for root, place in modules}
    refuse_unsafe(path, (Entry(place, Kind.FILE, len(content)) for place, content in files.items()))
    native = next((place for place in files if NATIVE_FILE.fullmatch(place)), "")
    if not native and name not in FASTER_ONLY:
        native = next((one for one in _BUILD_FILES if BUILDS_NATIVE.search(found.get(one, b""))), "")
    return Distribution(
        name=name,
        version=version,
        metadata=metadata,
        files={place: content for place, content in files.items() if not NATIVE_SOURCE.fullmatch(place)},
        licences={place: content for place, content in found.items() if LICENCE_FILE.fullmatch(place)},
        requires=_requires(found, metadata.get_all("Requires-Dist", ())),
        native=native,
    )


def _identity(path: Path, name: str, version: str) -> tuple[str, str]:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    try:
        return canonicalize_name(name, validate=True), str(Version(version))
    except (InvalidVersion, ValueError) as error:
        raise Unreadable(f"{path.name} is not an sdist that can be read: {error}") from error


def _contents(path: Path) -> dict[str, bytes]:
    """The plain files below the one folder at the top; links and devices are passed over and never followed."""
    found: dict[str, bytes] = {}
    size = 0
    try:
        for member, length, content in _members(path):
            size += length
            _refuse_bomb(path, size)
            if len(found) > safety.MAX_MEMBERS:
                raise Refused(f"{path.name} has more than {safety.MAX_MEMBERS} files")
            found[member.partition("/")[2]] = content()
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Unreadable(f"{path.name} is not an sdist that can be read: {reason_of(error)}") from error
    return found


def _members(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                if not one.is_dir():
                    yield one.filename, one.file_size, partial(unzipped, archive, one)
        return
    opened = bz2.BZ2File if path.name.endswith(".bz2") else gzip.GzipFile
    with opened(path) as unpacked, tarfile.open(fileobj=cast("IO[bytes]", _Limited(unpacked, path)), mode="r|") as tar:
        for member in tar:
            if member.isfile():
                yield member.name.removeprefix("./"), member.size, partial(_read, tar, member)


class _Limited:
    """What comes out of an archive, up to more than an sdist has: tarfile reads any header into the memory."""

    def __init__(self, stream: gzip.GzipFile | bz2.BZ2File, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._size = 0

    def read(self, size: int) -> bytes:
        found = self._stream.read(size)
        self._size += len(found)
        _refuse_bomb(self._path, self._size)
        return found


def _refuse_bomb(path: Path, size: int) -> None:
    packed = path.stat().st_size
    if safety.is_bomb(size, packed):
        raise Refused(f"{path.name} has {packed} bytes and unpacks to {size} and more")


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream is not None else b""


def _modules(name: str, found: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The files to take: where they are looked for, and their path."""
    tops = _named_tops(found) or _guessed_tops(name, found)
    taken: list[tuple[str, str]] = []
    for top in tops:
        for root in _ROOTS:
            files = [place for place in found if place.startswith(f"{root}{top}/")]
            if f"{root}{top}.py" in found:
                files = [f"{root}{top}.py"]
            if any(place.endswith(".py") for place in files):
                taken += [(root, place) for place in files]
                break
    return taken


def _named_tops(found: Mapping[str, bytes]) -> list[str]:
    """The modules that `top_level.txt` names, but for its tests."""
    listed = [content for place, content in found.items() if place.endswith(".egg-info/top_level.txt")]
    names = listed[0].decode("utf-8", "replace").split() if listed else []
    return [name for name in names if name not in _NO_MODULES and re.fullmatch(r"\w+", name)]


def _guessed_tops(name: str, found: Mapping[str, bytes]) -> list[str]:
    """The module that is called like the package, or else all that lie there."""
    tops = {
        place[len(root) :].removesuffix("/__init__.py").removesuffix(".py")
        for root in _ROOTS
        for place in found
        if place.startswith(root) and place.endswith(".py")
    }
    tops = {top for top in tops if re.fullmatch(r"[A-Za-z]\w*", top) and top not in _NO_MODULES}
    same = sorted(top for top in tops if top.lower().replace("_", "-") == name)
    return same or sorted(tops)


def _requires(found: Mapping[str, bytes], listed: Iterable[str]) -> tuple[str, ...]:
    """What it requires: as its metadata has it, or as setuptools wrote it beside."""
    if listed:
        return tuple(map(str, listed))
    written = [content for place, content in found.items() if place.endswith(".egg-info/requires.txt")]
    requires, extra, marker = [], "", ""
    for line in written[0].decode("utf-8", "replace").splitlines() if written else ():
        if section := _EXTRA.fullmatch(line.strip()):
            extra, marker = section.groups()
        elif line.strip():
            conditions = [f"({marker})"] if marker else []
            conditions += [f'extra == "{extra}"'] if extra else []
            requires.append(" ; ".join([line.strip(), " and ".join(conditions)]) if conditions else line.strip())
    return tuple(requires)
