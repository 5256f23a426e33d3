"""The files that are open in the editor, as they stand there."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import Unreadable
from bundlekit.lsp.positions import Places, PositionEncoding, sound

_MARK = "\ufeff"
_MOST_LOOKED_AT = 4 * 1024 * 1024  # bytes of a file on the disk; no larger one is looked into by a check


@dataclass
class OpenDocument:
    """A file that is open in the editor.

    Attributes:
        uri: as the client spells it.
        path: of the file.
        version: by the client.
        places: its text.
        encoding: in which it lies on the disk, and would be saved.
    """

    uri: str
    path: Path
    version: int
    places: Places
    encoding: str = field(default="utf-8")

    @classmethod
    def opened(cls, item: Any, path: Path, encoding: PositionEncoding) -> OpenDocument:
        """The document that a client has opened.

        Args:
            item: the client's `TextDocumentItem`.
            path: of the file.
            encoding: what columns count.
        """
        places = Places(sound(str(item["text"])), encoding)
        return cls(str(item["uri"]), path, _version(item), places, _encoding_on_disk(path))

    def changed(self, version: Any, changes: Any) -> OpenDocument:
        """The document after some changes, each on top of those before it.

        Args:
            version: a `VersionedTextDocumentIdentifier`.
            changes: of `TextDocumentContentChangeEvent`.
        """
        places = self.places
        for change in changes:
            new, old = sound(str(change["text"])), places.content
            if change.get("range") is not None:
                start, end = (places.offset(change["range"][side]) for side in ("start", "end"))
                new = old[:start] + new + old[max(start, end) :]
            places = places.of(new)
        return OpenDocument(self.uri, self.path, _version(version), places, self.encoding)

    @property
    def shift(self) -> int:
        """How many characters the text has in front of what checks see: a byte order mark."""
        return int(self.places.content.startswith(_MARK))

    @cached_property
    def content(self) -> bytes:
        """The bytes that the file would have if it were saved."""
        text = self.places.content
        if self.encoding == "utf-8-sig":
            return codecs.BOM_UTF8 + text.removeprefix(_MARK).encode("utf-8")
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode("utf-8")


def _version(item: Any) -> int:
    version = item.get("version")
    return version if type(version) is int else 0


def _encoding_on_disk(path: Path) -> str:
    """What the editor keeps and does not show: a byte order mark, and an encoding other than UTF-8."""
    try:
        content = FolderFiles(path.parent).read(path.name, _MOST_LOOKED_AT)
    except Unreadable:
        return "utf-8"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.end == len(content) == _MOST_LOOKED_AT else "latin-1"
    return "utf-8"
