"""Reading one file of a bundle without trusting it: what it is, how large it is, whether it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.bundle.text import BEGINNING, Span
from bundlekit.errors import Unreadable


class ReadErrorKind(Enum):
    """What can be wrong with a file before anybody asks what it says."""

    MISSING = auto()
    NOT_READABLE = auto()  # a link, a folder, a device, or the system says no
    TOO_LARGE = auto()
    NOT_UTF8 = auto()
    BYTE_ORDER_MARK = auto()
    NOT_JSON = auto()
    TOO_DEEP = auto()
    DUPLICATE_KEY = auto()


@dataclass(frozen=True, slots=True)
class ReadError:
    """One thing that is wrong with a file.

    Attributes:
        kind: what it is.
        message: in lower case, for the user; values from the file in it are made printable.
        span: where it is.
        hint: what to do about it, or empty.
        other: where the first of two lies, for a duplicate.
        pointer: the JSON pointer of the value, where there is one.
    """

    kind: ReadErrorKind
    message: str
    span: Span = BEGINNING
    hint: str = ""
    other: Span | None = None
    pointer: str | None = None


def read_file(bundle: Bundle, path: str, limit: int) -> bytes | ReadError:
    """Read a file of a bundle.

    Args:
        bundle: the bundle.
        path: the file's path in it.
        limit: the most bytes that it may have; no more than one byte beyond is ever read.

    Returns:
        Its bytes, or why there are none.
    """
    try:
        entry = bundle.files.entries.get(path)
        if entry is None:
            return ReadError(ReadErrorKind.MISSING, f"there is no {path}")
        if entry.kind is not Kind.FILE:
            return ReadError(
                ReadErrorKind.NOT_READABLE, f"{path} is {_NOUNS[entry.kind]}, expected a file", hint=_HINTS[entry.kind]
            )
        content = bundle.files.read(path, limit + 1)
    except Unreadable as error:
        return ReadError(ReadErrorKind.NOT_READABLE, error.message)
    if len(content) > limit:
        return ReadError(
            ReadErrorKind.TOO_LARGE,
            f"{path} is larger than {limit // 1024} KiB, the most that makes sense for it",
            hint="it was not looked into",
        )
    return content


_NOUNS = {
    Kind.FOLDER: "a folder",
    Kind.LINK: "a link",
    Kind.OTHER: "a device, a pipe or a socket",
}
_HINTS = {
    Kind.FOLDER: "",
    Kind.LINK: "put the file itself there: a link's target does not travel with the bundle",
    Kind.OTHER: "",
}
