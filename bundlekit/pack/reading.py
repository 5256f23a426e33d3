"""Reading archives that anybody may have made.

Nothing is unpacked into folders, nothing outside is read, memory stays bounded.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO

from bundlekit.bundle.bundle import MAIN, MANIFEST, Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.manifest import manifest_of
from bundlekit.errors import CouldNotRun, Refused, Unreadable
from bundlekit.io import NONBLOCK
from bundlekit.pack import safety
from bundlekit.pack.archive import IDENTITY, Archive, ArchiveMember
from bundlekit.pack.contents import SUMS
from bundlekit.pack.signature import LARGEST, SUFFIX, Signatures, parse
from bundlekit.quoting import printable

_CHUNK = 256 * 1024  # bytes in memory at once
_IN_MEMORY = 8 * safety.MEBIBYTE  # bytes of an unpacked archive; more goes to a file in /tmp
_MAX_HEADER = 64 * 1024  # bytes of a long name or of attributes; Linux has 4,096 for a path
_MAX_SUMS = safety.MAX_MEMBERS * (safety.MAX_PATH + 100)  # a line for each member: digest, spaces, path
_SUM_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)")
# What pax headers may say of a member without changing what it is; "comment" is what git archive leaves.
_PAX_KEYS = {"path", "size", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "hdrcharset"}


def open_archive(path: Path) -> Bundle:
    """The bundle in an archive. It keeps a temporary copy of the unpacked tar as long as it lives.

    A checksum list at its top is held against the files, as `sha256sum -c` does it.

    Raises:
        Unreadable: it is no gzip, no tar, not whole, or not a file at all.
        Refused: it holds links, devices, paths that lead out or clash, or more than a gateway takes; or a
            file differs from its checksum.
    """
    with _opened(path) as packed:
        return _bundle(_unpacked(packed, str(path)), str(path))


def open_stream(packed: IO[bytes], label: str) -> Bundle:
    """The bundle in an archive that lies in a file without a name, as `open_archive`.

    Args:
        packed: at its start; it may be closed afterwards.
        label: how messages call it.
    """
    return _bundle(_unpacked(packed, label), label)


def read_archive(
    path: Path, check: Callable[[Bundle], None] = lambda _: None, *, with_signatures: bool = True
) -> Archive:
    """An archive that was made before, its bytes as they are, with the signatures that are beside it.

    Args:
        path: of its file, which is read once.
        check: gets the bundle in those bytes, and raises if it must not be used.
        with_signatures: whether those are read.

    Raises:
        Unreadable: as `open_archive`.
        Refused: as `open_archive`; or its manifest has no name and version that are fit; or its signatures are damaged.
    """
    with _opened(path) as packed:
        tar = _unpacked(packed, str(path))
        bundle = _bundle(tar, str(path))
        packed.seek(0)
        data = packed.read()
    check(bundle)
    unpacked = sha256()
    tar.seek(0)
    while chunk := tar.read(_CHUNK):
        unpacked.update(chunk)
    manifest = manifest_of(bundle)
    files = (entry for entry in bundle.files.entries.values() if entry.kind is Kind.FILE)
    members = tuple(ArchiveMember(entry.path, entry.size, entry.executable) for entry in files)
    return Archive(
        manifest.name,
        manifest.version,
        sha256(data).hexdigest(),
        IDENTITY + unpacked.hexdigest(),
        data,
        members,
        manifest.answered,
        read_signatures(path) if with_signatures else None,
    )


def read_signatures(path: Path) -> Signatures | None:
    """The signatures beside an archive, in a file with `.sig` behind its name; None without that file.

    Raises:
        Unreadable: the file cannot be read.
        Refused: it has something else.
    """
    place = path.with_name(path.name + SUFFIX)
    if not os.path.lexists(place):
        return None
    with _opened(place) as stream:
        return parse(stream.read(LARGEST), str(place))


@dataclass(frozen=True)
class ArchiveFiles:
    """The files of an archive, read from the tar that came out of it."""

    tar: IO[bytes]
    entries: Mapping[str, Entry]
    offsets: Mapping[str, int]

    def read(self, path: str, limit: int | None = None) -> bytes:
        if path not in self.offsets:
            raise Unreadable(f"there is no file {printable(path)} in the archive")
        size = self.entries[path].size
        self.tar.seek(self.offsets[path])
        return self.tar.read(size if limit is None else min(size, limit))

    def digest(self, path: str) -> str:
        """The SHA-256 of a file in hex, without holding the file in memory."""
        digest = sha256()
        left = self.entries[path].size
        self.tar.seek(self.offsets[path])
        while chunk := self.tar.read(min(left, _CHUNK)):
            digest.update(chunk)
            left -= len(chunk)
        return digest.hexdigest()


def _opened(path: Path) -> IO[bytes]:
    try:
        # O_NONBLOCK: a FIFO that nobody writes to must not make us wait for ever.
        stream = open(path, "rb", opener=lambda name, flags: os.open(name, flags | NONBLOCK))  # noqa: SIM115
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from error
    status = os.fstat(stream.fileno())
    if not stat.S_ISREG(status.st_mode):
        stream.close()
        raise Unreadable(f"{path} is not a file")
    if status.st_size > safety.MAX_UNPACKED:
        stream.close()
        raise Refused(f"{path} has {status.st_size} bytes, more than a gateway takes")
    return stream


def _bundle(tar: IO[bytes], label: str) -> Bundle:
    entries: list[Entry] = []
    offsets: dict[str, int] = {}
    for entry, offset in _members(tar, label):
        entries.append(entry)
        offsets[entry.path] = offset
        if len(entries) > safety.MAX_MEMBERS:
            break
    safety.check(label, entries)
    files = ArchiveFiles(
        tar,
        {entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path)},
        {entry.path: offsets[entry.path] for entry in entries if entry.kind is Kind.FILE},
    )
    _check_sums(files, label)
    return Bundle(label, files, in_archive=True)


def _unpacked(packed: IO[bytes], label: str) -> IO[bytes]:
    """The tar that a gzip file holds, on disk unless it is small."""
    size = os.fstat(packed.fileno()).st_size
    if size == 0:
        raise Unreadable(f"{label} is empty")
    if packed.read(2) != b"\x1f\x8b":
        place = Path(label)
        is_in_bundle = place.name in (MANIFEST, MAIN)
        hint = f"name the folder of the bundle: {place.parent}" if is_in_bundle else "bundlekit pack makes archives"
        raise Unreadable(f"{label} is not a gzip file", hint=hint)
    packed.seek(0)
    tar = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as the bundle
    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            while chunk := stream.read(_CHUNK):
                tar.write(chunk)
                if safety.is_bomb(tar.tell(), size):
                    raise Refused(f"{label} has {size} bytes and unpacks to {tar.tell()} and more")
    except EOFError as error:
        raise Unreadable(f"{label} ends too early", hint="get the archive again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{label} is damaged: {error}", hint="get the archive again") from error
    except OSError as error:
        raise CouldNotRun(f"cannot unpack {label} into {tempfile.gettempdir()}: {error.strerror}") from error
    return tar


class _Guarded(io.RawIOBase):
    """A tar for tarfile that hands out no header of more than a few KiB: extended ones may claim any size."""

    def __init__(self, tar: IO[bytes]) -> None:
        self._tar = tar

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._tar.seek(offset, whence)

    def tell(self) -> int:
        return self._tar.tell()

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._tar.read(size)


def _members(tar: IO[bytes], label: str) -> Iterator[tuple[Entry, int]]:
    """What a tar lists, each with the place of its content; `./` before a path is dropped."""
    length = tar.seek(0, os.SEEK_END)
    tar.seek(0)
    try:
        listing = tarfile.TarFile(fileobj=_Guarded(tar), encoding="utf-8", errors="surrogateescape")
        for member in listing:
            if member.size < 0 or member.offset_data + member.size > length:
                raise Unreadable(f"{label} ends within {printable(member.name)}")
            path = member.name
            while path.startswith("./"):
                path = path[2:]
            if member.isdir() and path in {"", "."}:
                continue
            yield _entry(member, path), member.offset_data
        tar.seek(listing.offset)
    except (tarfile.TarError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"{label} holds no tar that can be read: {error}") from error
    while chunk := tar.read(_CHUNK):
        if chunk.strip(b"\0"):
            # Tools do not agree on whether they read on here, so they would unpack different things.
            raise Refused(f"{label} holds more after the end of its tar")


def _entry(member: tarfile.TarInfo, path: str) -> Entry:
    if member.isdir():
        return Entry(path.removesuffix("/"), Kind.FOLDER)
    if member.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and member.pax_headers.keys() <= _PAX_KEYS:
        return Entry(path, Kind.FILE, member.size, bool(member.mode & stat.S_IXUSR))
    if member.issym() or member.islnk():
        return Entry(path, Kind.LINK, target=member.linkname)
    return Entry(path, Kind.OTHER)


def _check_sums(files: ArchiveFiles, label: str) -> None:
    if SUMS not in files.offsets:
        return
    if files.entries[SUMS].size > _MAX_SUMS:
        raise Refused(f"{label}: {SUMS} has {files.entries[SUMS].size} bytes, more than it can need")
    wrong = []
    digest = cache(files.digest)  # a list may name a large file again and again
    lines = files.read(SUMS).decode("utf-8", "replace").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        match = _SUM_LINE.fullmatch(line)
        if match is None:
            wrong.append(f"line {number} of {SUMS} is not a checksum")
        elif match[2] not in files.offsets:
            wrong.append(f"{printable(match[2])} is in {SUMS} and not in the archive")
        elif digest(match[2]) != match[1].lower():
            wrong.append(f"{printable(match[2])} differs from its checksum in {SUMS}")
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
        raise Refused(
            f"{label}: {wrong[0]}{more}",
            details=tuple(wrong[1:20]),
            hint="somebody changed it after it was packed; pack it again",
        )
