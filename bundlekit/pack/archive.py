"""An archive: a bundle as one file, the same bytes wherever and whenever it is made.

Nothing of the machine goes in: paths are sorted, owner and group are 0, modes are 0644 or 0755, and a
file's time is made from its content. Headers and compression are written here, because what tarfile and zlib
write has changed between versions of Python. Names are UTF-8; names longer than a header takes come the way
GNU tar writes them, which busybox reads too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.manifest import manifest_of
from bundlekit.errors import CouldNotRun, Refused, Taken
from bundlekit.io import replacing
from bundlekit.pack import safety
from bundlekit.pack.contents import SUMS, Contents, select
from bundlekit.pack.deflate import compress

SUFFIX = ".tar.gz"

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_YEAR_1980 = 315_532_800  # GNU tar warns of earlier times
_TIMES = 2**30  # 34 years: none lies ahead of a gateway whose clock is right


@dataclass(frozen=True)
class ArchiveMember:
    """A file in an archive: its path, its size in bytes, whether it may be executed."""

    path: str
    size: int
    executable: bool


@dataclass(frozen=True)
class Archive:
    """A bundle as one file.

    Attributes:
        name: of the bundle; safe as a part of a file's name, but it may start with `-`.
        version: of the bundle; safe as a part of a file's name.
        digest: the SHA-256 of `data` in hex.
        data: what is in the `.tar.gz` file.
        members: the files in it by path, the checksum list among them; folders are not told.
        resources: that the bundle answers.
    """

    name: str
    version: str
    digest: str
    data: bytes
    members: tuple[ArchiveMember, ...]
    resources: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """`<name>-<version>.tar.gz`."""
        return f"{self.name}-{self.version}{SUFFIX}"


def pack(bundle: Bundle, contents: Contents | None = None) -> Archive:
    """Make the archive of a bundle.

    Args:
        bundle: not checked by any rule of lint; a bundle with findings packs as well.
        contents: what goes in, when the caller has it already.

    Raises:
        Refused: the manifest has no name and version that can be part of a file's name, or something in the
            bundle must not go in. Such a version is not rewritten: two must never end up as one file.
        Unreadable: there is no manifest, or a file cannot be read.
    """
    manifest = manifest_of(bundle)
    contents = contents or select(bundle)
    files = {
        entry.path: (entry, b"" if entry.kind is Kind.FOLDER else bundle.files.read(entry.path))
        for entry in contents.entries
    }
    sums = "".join(
        f"{sha256(data).hexdigest()}  ./{path}\n"
        for path, (entry, data) in sorted(files.items())
        if entry.kind is Kind.FILE
    ).encode()
    files[SUMS] = (Entry(SUMS, Kind.FILE, len(sums)), sums)
    tar = b"".join(block for path in sorted(files) for block in _member(*files[path])) + _END
    data = _compressed(tar)
    if safety.is_bomb(len(tar), len(data)):
        raise Refused(
            f"{bundle.label} would unpack to {len(tar)} bytes from {len(data)}, and no gateway takes that",
            hint="leave large files out by a .bundleignore",
        )
    members = tuple(
        ArchiveMember(path, len(data), entry.executable)
        for path, (entry, data) in sorted(files.items())
        if entry.kind is Kind.FILE
    )
    return Archive(manifest.name, manifest.version, sha256(data).hexdigest(), data, members, manifest.answered)


def write(archive: Archive, folder: Path) -> Path:
    """Write an archive into a folder, which is made if need be.

    A file of that name is replaced, at once or not at all.

    Returns:
        The path of the file.

    Raises:
        Taken: something that is no file has its name.
        CouldNotRun: it cannot be written.
    """
    place = folder / archive.file_name
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise Taken(f"{place} is there and is not a file", kept=f"{place} was left as it is")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(place) as stream:
            stream.write(archive.data)
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}") from error
    return place


def _member(entry: Entry, data: bytes) -> Iterator[bytes]:
    is_folder = entry.kind is Kind.FOLDER
    name = (entry.path + "/" if is_folder else entry.path).encode()
    if len(name) > 100:
        yield _header(b"././@LongLink", b"L", len(name) + 1, 0o644, 0)
        yield _padded(name + b"\0")
    mode = 0o755 if is_folder or entry.executable else 0o644
    yield _header(name[:100], b"5" if is_folder else b"0", len(data), mode, _time(data))
    yield _padded(data)


def _time(data: bytes) -> int:
    """A time that changes with the content: Python 2.7 goes by it alone when it looks for stale bytecode."""
    return _YEAR_1980 + int.from_bytes(sha256(data).digest()[:8]) % _TIMES


def _header(name: bytes, kind: bytes, size: int, mode: int, time: int) -> bytes:
    """A header block as GNU tar writes it."""
    before = b"%-100b%07o\0%07o\0%07o\0%011o\0%011o\0" % (b"", mode, 0, 0, size, time)
    before = name.ljust(100, b"\0") + before[100:]
    after = (kind + bytes(100) + b"ustar  \0").ljust(_BLOCK - len(before) - 8, b"\0")
    return before + b"%06o\0 " % (sum(before) + sum(after) + 8 * ord(" ")) + after


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _compressed(tar: bytes) -> bytes:
    """`tar` as gzip, without name and time in its header."""
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    tail = zlib.crc32(tar).to_bytes(4, "little") + len(tar).to_bytes(4, "little")
    return head + compress(tar) + tail
