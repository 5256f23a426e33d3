"""What a bundle was rendered from, kept in the bundle: the base of its next update."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bundlekit import __version__
from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind, is_version_control
from bundlekit.errors import Unreadable
from bundlekit.quoting import printable, quoted

FOLDER = ".bundlekit"
"""The folder in a bundle for what only bundlekit reads. It is hidden, so it goes into no archive."""

RECORD = f"{FOLDER}/template.json"

# Many times what a template has; a record may come from anybody, and a few bytes can unpack to gigabytes.
LARGEST_RECORD = 4 * 1024 * 1024
_LARGEST_BASE = 8 * 1024 * 1024
_MOST_FILES = 1000
_LONGEST_PATH = 300

_HINT = "get it back from your version control; or remove it, and use `bundlekit update --adopt`"

_DIGEST = re.compile("[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9A-Za-z.+!-]{1,64}")


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A file as a template renders it, or as a bundle has it."""

    content: bytes
    executable: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


Tree = Mapping[str, TemplateFile]
"""Files by their paths in a bundle, `/` between the parts."""


@dataclass(frozen=True)
class TemplateRecord:
    """The template that a bundle was last brought to, as rendered with the bundle's answers.

    Attributes:
        template: the digest of the template.
        files: what it rendered.
        bundlekit: the version of bundlekit that did.
    """

    template: str
    files: Tree
    bundlekit: str = __version__

    def dumped(self) -> bytes:
        """It as the content of a file. Each file of the template has lines of its own, so that a diff shows which files
        have changed.
        """
        content = {
            "about": "What this bundle was made from. `bundlekit update` reads it; commit it, and do not edit it.",
            "bundlekit": self.bundlekit,
            "template": self.template,
            "files": {path: dumped_file(self.files[path]) for path in sorted(self.files)},
        }
        return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def parsed(cls, content: bytes, shown: str) -> Self:
        """The record in a file.

        Args:
            content: of the file.
            shown: how messages call the file.

        Raises:
            Unreadable: it is damaged, or no record.
        """
        with_limits = Parser(content, shown)
        value = with_limits.value
        template, version = value.get("template"), value.get("bundlekit")
        if not isinstance(template, str) or not _DIGEST.fullmatch(template):
            raise with_limits.damaged("it names no template")
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            raise with_limits.damaged("it names no version of bundlekit")
        files = value.get("files")
        if not isinstance(files, dict) or len(files) > _MOST_FILES:
            raise with_limits.damaged("it has no files, or too many")
        return cls(template, {with_limits.path(path): with_limits.file(one) for path, one in files.items()}, version)


def is_path_in_bundle(path: str) -> bool:
    """Whether a path leads to a place in a bundle, and into no repository, and can be shown."""
    parts = path.split("/")
    return (
        len(path) <= _LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and all(part not in ("", ".", "..") for part in parts)
        # A hook of git is a program that runs. On some systems the case of a name means nothing.
        and not any(is_version_control(part.lower()) for part in parts)
    )


class Parser:
    """Reads what bundlekit keeps in a bundle, and believes nothing of it: a bundle may come from anybody."""

    def __init__(self, content: bytes, shown: str, *, times: int = 1, hint: str = _HINT) -> None:
        """
        Args:
            content: of the file.
            shown: how messages call it.
            times: how often it may have each file of a template.
            hint: what to do if it is damaged.
        """
        self._shown = shown
        self._hint = hint
        self._room = _LARGEST_BASE * times
        if len(content) > LARGEST_RECORD * times:
            raise self.damaged("it is too large")
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self.damaged("it is not JSON") from error
        if not isinstance(value, dict):
            raise self.damaged("it is not a JSON object")
        self.value: dict[str, Any] = value

    def damaged(self, why: str) -> Unreadable:
        """The error for it."""
        return Unreadable(
            f"{self._shown} is damaged: {printable(why)}",
            kept="the bundle was not changed",
            hint=self._hint,
        )

    def path(self, path: str) -> str:
        """A path, if it leads to a place in the bundle.

        Raises:
            Unreadable: it leads elsewhere.
        """
        if not is_path_in_bundle(path):
            raise self.damaged(f"it has the path {quoted(path)}")
        return path

    def file(self, value: Any) -> TemplateFile:
        """A file, unpacked within the limits for all of them together.

        Raises:
            Unreadable: it is damaged, or too large.
        """
        if not isinstance(value, dict) or not isinstance(value.get("content"), str):
            raise self.damaged("it has a file without content")
        try:
            packed = base64.b64decode(value["content"], validate=True)
            unpacking = zlib.decompressobj()
            content = unpacking.decompress(packed, self._room + 1)
        except (ValueError, binascii.Error, zlib.error) as error:
            raise self.damaged("a content is not in the right form") from error
        self._room -= len(content)
        if self._room < 0:
            raise self.damaged("its contents are too large")
        found = TemplateFile(content, value.get("executable") is True)
        if not unpacking.eof or found.digest != value.get("sha256"):
            raise self.damaged("a content does not have its digest")
        return found


def dumped_file(file: TemplateFile) -> dict[str, object]:
    """A file as JSON; see `Parser.file`."""
    executable = {"executable": True} if file.executable else {}
    packed = base64.b64encode(zlib.compress(file.content, 9)).decode("ascii")
    return {"sha256": file.digest, **executable, "content": packed}


def read_record(bundle: Bundle) -> TemplateRecord | None:
    """The record of a bundle; None if it has none.

    Raises:
        Unreadable: it is damaged.
    """
    content = read_own(bundle, RECORD)
    return None if content is None else TemplateRecord.parsed(content, bundle.shown(RECORD))


def read_own(bundle: Bundle, path: str, limit: int = LARGEST_RECORD) -> bytes | None:
    """The content of a file of bundlekit in a bundle, at most a byte more than the limit; None if there is none.

    Args:
        bundle: in a folder.
        path: of the file in it.
        limit: bytes.

    Raises:
        Unreadable: it cannot be read, or it is a link or in one: nothing outside of the bundle is read or written.
    """
    folder = bundle.files.entries.get(FOLDER)
    entry = bundle.files.entries.get(path) if folder else None
    for one in (folder, entry):
        if one is not None and one.kind is not (Kind.FOLDER if one is folder else Kind.FILE):
            raise Unreadable(
                f"{bundle.shown(one.path)} is a {one.kind.value}", kept="the bundle was not changed", hint="remove it"
            )
    return None if entry is None else bundle.files.read(path, limit + 1)


def tree_of(folder: Path) -> dict[str, TemplateFile]:
    """The files of a folder that was just rendered."""
    return {
        path.relative_to(folder).as_posix(): TemplateFile(path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
