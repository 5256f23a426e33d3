"""What changed: the list of what a release has, and an archive of the files that a gateway lacks. Pure."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from bundlekit.pack.compression import compressed
from bundlekit.pack.contents import SUMS


@dataclass(frozen=True)
class UploadInventory:
    """All that an archive unpacks to.

    Attributes:
        entries: headers and, of files, contents, sorted by path.
        text: a line for each of them, as the gateway's script reads it.
        digest: the SHA-256 of `text`, in hex.
    """

    entries: tuple[tuple[tarfile.TarInfo, bytes], ...]
    text: bytes
    digest: str

    @property
    def packed(self) -> bytes:
        """The text as it travels."""
        return compressed([self.text])

    def lacking(self, had: Collection[str]) -> list[int]:
        """The numbers of the lines that have to be sent.

        Args:
            had: the SHA-256 of files that are there already. The list of checksums that each archive brings follows
                from ours.
        """
        lines = [line.split(" ", 2) for line in self.text.decode().splitlines()]
        sums = "".join(f"{digest}  ./{path}\n" for kind, digest, path in lines if kind != "d" and path != SUMS)
        known = {*had, sha256(sums.encode()).hexdigest()}
        return [number for number, (kind, digest, _) in enumerate(lines, 1) if kind != "d" and digest not in known]

    def archive_of(self, numbers: Iterable[int]) -> bytes:
        """A `.tar.gz` of some entries, the same bytes each time.

        Args:
            numbers: of lines of the text, from 1.
        """
        unpacked = BytesIO()
        with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for number in sorted(numbers):
                if 0 < number <= len(self.entries):
                    header, data = self.entries[number - 1]
                    tar.addfile(header, BytesIO(data))
        return compressed([unpacked.getbuffer()])


def inventory_of(data: bytes) -> UploadInventory | None:
    """What is in an archive.

    Args:
        data: a `.tar.gz` that has passed the checks of one.

    Returns:
        None where a name has characters in it that the gateway's tools would write otherwise.
    """
    entries: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    with tarfile.open(fileobj=BytesIO(data), mode="r:gz") as tar:
        for member in tar:
            path = member.name.removeprefix("./").rstrip("/")
            if not path or path == ".":
                continue
            if "\\" in path or path != path.strip() or not path.isprintable() or not (member.isreg() or member.isdir()):
                return None
            header = tarfile.TarInfo(path)
            header.type, header.size, header.mtime = member.type, member.size, int(member.mtime)
            header.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            stream = tar.extractfile(member)
            entries[path] = (header, stream.read() if stream else b"")
            while path := path.rpartition("/")[0]:
                entries.setdefault(path, (_folder(path), b""))
    ordered = tuple(entries[path] for path in sorted(entries))
    text = "".join(_line(*entry) for entry in ordered).encode()
    return UploadInventory(ordered, text, sha256(text).hexdigest())


def _folder(path: str) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.type, header.mode = tarfile.DIRTYPE, 0o755
    return header


def _line(header: tarfile.TarInfo, data: bytes) -> str:
    if header.isdir():
        return f"d - {header.name}\n"
    kind = "x" if header.mode & 0o100 else "f"
    return f"{kind} {sha256(data).hexdigest()} {header.name}\n"
