"""An archive: a bundle as one file, the same bytes wherever and whenever it is made.

Nothing of the machine goes in: paths are sorted, owner and group are 0, modes are 0644 or 0755, and a
file's time is made from its content. Headers are written here, because what tarfile writes has changed between
versions of Python. Names are UTF-8; names longer than a header takes come the way GNU tar writes them, which busybox
reads too.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.manifest import manifest_of
from bundlekit.errors import CouldNotRun, Refused, Taken
from bundlekit.io import replacing
from bundlekit.pack import safety
from bundlekit.pack.compression import compressed
from bundlekit.pack.contents import SUMS, Contents, select
from bundlekit.pack.signature import Signatures

SUFFIX = ".tar.gz"
IDENTITY = "tar:"
"""How an identity begins; before there were any, a gateway was told the digest of the file."""

_BLOCK = 512  # bytes; a tar consists of such blocks
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
        identity: what it is known by on a gateway: `tar:` and the SHA-256 of the tar in it, in hex. It does not depend
            on the compressor.
        data: what is in the `.tar.gz` file.
        members: the files in it by path, the checksum list among them; folders are not told.
        resources: that the bundle answers.
        signatures: that were beside its file; None without any. Nothing of what it is known by depends on them.
    """

    name: str
    version: str
    digest: str
    identity: str
    data: bytes
    members: tuple[ArchiveMember, ...]
    resources: tuple[str, ...] = ()
    signatures: Signatures | None = None

    @property
    def file_name(self) -> str:
        """`<name>-<version>.tar.gz`."""
        return f"{self.name}-{self.version}{SUFFIX}"

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write it into a folder as `file_name`; a file of that name is replaced, at once or not at all.

        Returns:
            The path of the file.

        Raises:
            Taken: something that is no file has its name.
            CouldNotRun: it cannot be written.
        """
        return write(self, Path(folder))

    @cached_property
    def former_digest(self) -> str:
        """The SHA-256 of the file that earlier versions made of the same tar: gateways know releases of then by it.

        Takes two seconds a megabyte.
        """
        from bundlekit.pack.former_compression import compressed_as_before

        return sha256(compressed_as_before(gzip.decompress(self.data))).hexdigest()

    def is_known_as(self, identity: str) -> bool:
        """Whether a gateway has exactly this under what it calls an identity: one of an archive, or of a file."""
        if identity.startswith(IDENTITY):
            return identity == self.identity
        return identity in {self.digest, self.former_digest}


def pack(bundle: Bundle, contents: Contents | None = None, packed: Callable[[int, int], None] | None = None) -> Archive:
    """Make the archive of a bundle, with no more than one file of it in memory beside what it is compressed to.

    Args:
        bundle: not checked by any rule of lint; a bundle with findings packs as well.
        contents: what goes in, when the caller has it already.
        packed: hears of the bytes that are done, and of those in all.

    Raises:
        Refused: the manifest has no name and version that can be part of a file's name, or something in the
            bundle must not go in. Such a version is not rewritten: two must never end up as one file. Or a file was
            changed meanwhile.
        Unreadable: there is no manifest, or a file cannot be read.
    """
    manifest = manifest_of(bundle)
    contents = contents or select(bundle)
    sizes, digests = {}, {}
    for entry in contents.entries:
        if entry.kind is Kind.FILE:
            data = bundle.files.read(entry.path)
            sizes[entry.path], digests[entry.path] = len(data), sha256(data).hexdigest()
    sums = "".join(f"{digests[path]}  ./{path}\n" for path in sorted(digests)).encode()
    tar = _Counted(_tar(bundle, contents.entries, digests, sums), sum(sizes.values()), packed)
    data = compressed(tar)
    if safety.is_bomb(tar.size, len(data)):
        raise Refused(
            f"{bundle.label} would unpack to {tar.size} bytes from {len(data)}, and no gateway takes that",
            hint="leave large files out by a .bundleignore",
        )
    sizes[SUMS] = len(sums)
    executable = {entry.path for entry in contents.entries if entry.executable}
    members = tuple(ArchiveMember(path, sizes[path], path in executable) for path in sorted(sizes))
    digest, identity = sha256(data).hexdigest(), IDENTITY + tar.digest.hexdigest()
    return Archive(manifest.name, manifest.version, digest, identity, data, members, manifest.answered)


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
        raise Taken(f"{place} exists and is not a file", kept=f"{place} was left as it is")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(place) as stream:
            stream.write(archive.data)
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}") from error
    return place


def _tar(bundle: Bundle, entries: Iterable[Entry], digests: Mapping[str, str], sums: bytes) -> Iterator[bytes]:
    for entry in sorted((*entries, Entry(SUMS, Kind.FILE, len(sums))), key=lambda entry: entry.path):
        data = b""
        if entry.path == SUMS:
            data = sums
        elif entry.kind is Kind.FILE:
            data = bundle.files.read(entry.path)
        digest = sha256(data)
        if digest.hexdigest() != digests.get(entry.path, digest.hexdigest()):
            raise Refused(f"{bundle.shown(entry.path)} was changed while it was packed", hint="pack it again")
        yield from _member(entry, data, _time(digest.digest()))
    yield _END


def _member(entry: Entry, data: bytes, time: int) -> Iterator[bytes]:
    is_folder = entry.kind is Kind.FOLDER
    name = (entry.path + "/" if is_folder else entry.path).encode()
    if len(name) > 100:
        yield _header(b"././@LongLink", b"L", len(name) + 1, 0o644, 0)
        yield name
        yield _padding(len(name), at_least=1)
    mode = 0o755 if is_folder or entry.executable else 0o644
    yield _header(name[:100], b"5" if is_folder else b"0", len(data), mode, time)
    yield data
    yield _padding(len(data))


def _time(digest: bytes) -> int:
    """A time that changes with the content: Python 2.7 goes by it alone when it looks for stale bytecode."""
    return _YEAR_1980 + int.from_bytes(digest[:8]) % _TIMES


def _header(name: bytes, kind: bytes, size: int, mode: int, time: int) -> bytes:
    """A header block as GNU tar writes it."""
    before = b"%-100b%07o\0%07o\0%07o\0%011o\0%011o\0" % (b"", mode, 0, 0, size, time)
    before = name.ljust(100, b"\0") + before[100:]
    after = (kind + bytes(100) + b"ustar  \0").ljust(_BLOCK - len(before) - 8, b"\0")
    return before + b"%06o\0 " % (sum(before) + sum(after) + 8 * ord(" ")) + after


def _padding(size: int, at_least: int = 0) -> bytes:
    return bytes(at_least + -(size + at_least) % _BLOCK)


class _Counted:
    """The blocks of a tar, with their size and digest once they have passed; `told` hears of what has."""

    def __init__(self, blocks: Iterable[bytes], total: int, told: Callable[[int, int], None] | None) -> None:
        self._blocks, self._total, self._told = blocks, total, told
        self.size = 0
        self.digest = sha256()

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.size += len(block)
            self.digest.update(block)
            if self._told:
                self._told(min(self.size, self._total), self._total)
            yield block
