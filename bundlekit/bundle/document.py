"""A JSON file with the places of its values.

Whether the text is JSON, and what it says, Python's json module decides. Places are looked for only when somebody
wants to know one, in a text that is known to be JSON: a sound file costs no more than reading it.

The search for places is ours: tree-sitter-json takes numbers such as `1E+5` for mistakes, and comments for none. It
counts in bytes, is no faster, and its tree has to be walked with as much code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.json_faults import explain
from bundlekit.bundle.reading import ReadError, ReadErrorKind, read_file
from bundlekit.bundle.text import Span, Text
from bundlekit.quoting import quoted

DEEPEST = 200
"""How far arrays and objects may nest; a gateway's Python 2.7 gives up somewhat below 1000."""

_MOST_DUPLICATES = 1000  # told one by one; a file has a few, and a hostile one would fill the report
_LONGEST_POINTERS = 1_000_000  # of the duplicates that are told, together
_NOWHERE = -1  # where what lies around the whole begins

_BYTE_ORDER_MARK = "\ufeff"
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]|-?Infinity|NaN', re.DOTALL)
_PARTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_LONG_NUMBERS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(-?[0-9]{1000,})', re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A JSON file of a bundle as it was read.

    Attributes:
        path: its path in the bundle.
        text: what stands in it, without a byte order mark; empty where it could not be read.
        parsed: whether it is JSON.
        value: what it says; None where it is not JSON.
        read_errors: what was found on the way, in the order of the text.
    """

    path: str
    text: Text
    parsed: bool = False
    value: Any = None
    read_errors: tuple[ReadError, ...] = ()

    def position(self, pointer: str) -> Span:
        """The place of a value.

        Args:
            pointer: a JSON pointer (RFC 6901), `""` for the whole.

        Returns:
            Its place; that of the nearest value around it where there is no such value.
        """
        return self._place(pointer, 0)

    def key_position(self, pointer: str) -> Span:
        """The place of the key whose value the pointer names; of the value itself where it has no key."""
        return self._place(pointer, 1)

    def _place(self, pointer: str, which: int) -> Span:
        place = self._places.get((_NOWHERE, ""))
        if place is None:
            return Span()
        for part in parts_of(pointer):
            inner = self._places.get((place[0][0], part))
            if inner is None:
                which = 0
                break
            place = inner
        return self.text.span(*place[which])

    @cached_property
    def _places(self) -> dict[tuple[int, str], tuple[tuple[int, int], tuple[int, int]]]:
        """Offsets of value and key, by where the array or object around begins and the name or index in it.

        Not by pointer: those of a long key's many members together are much longer than the text.
        """
        if not self.parsed:
            return {}
        return {
            (member.around.start if member.around is not None else _NOWHERE, member.name): (
                member.value,
                member.key or member.value,
            )
            for member in _members(self.text.content)
        }


def read_document(bundle: Bundle, path: str, limit: int) -> Document:
    """Read a JSON file of a bundle, whatever is in it.

    Args:
        bundle: the bundle.
        path: the file's path in it.
        limit: the most bytes that it may have.

    Returns:
        The document; what is wrong with it is in its `read_errors`, nothing is raised.
    """
    content = read_file(bundle, path, limit)
    if isinstance(content, ReadError):
        return Document(path, Text(""), read_errors=(content,))
    return parse(path, content)


def parse(path: str, content: bytes) -> Document:
    """Make a document of a file's bytes."""
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, content, error)
    read_errors: list[ReadError] = []
    if decoded.startswith(_BYTE_ORDER_MARK):
        decoded = decoded.removeprefix(_BYTE_ORDER_MARK)
        read_errors.append(
            ReadError(
                ReadErrorKind.BYTE_ORDER_MARK,
                f"{path} begins with a byte order mark, expected plain UTF-8",
                hint='save it as "UTF-8", not as "UTF-8 with BOM"',
            )
        )
    text = Text(decoded)
    try:
        _refuse_depth(text)
        value, has_duplicates = _parse_json(text)
    except _NotJson as fault:
        read_errors.append(fault.read_error)
        return Document(path, text, read_errors=tuple(read_errors))
    if has_duplicates:
        read_errors.extend(_duplicates(text))
    return Document(path, text, parsed=True, value=value, read_errors=tuple(read_errors))


class _NotJson(Exception):
    def __init__(self, read_error: ReadError) -> None:
        self.read_error = read_error


def _parse_json(text: Text) -> tuple[Any, bool]:
    """The value, and whether some object in it has a key twice."""
    repeats = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        value = dict(pairs)
        repeats = repeats or len(value) < len(pairs)
        return value

    def constant(word: str) -> Any:
        raise _not_a_number(text, word)

    try:
        return json.loads(text.content, object_pairs_hook=members, parse_constant=constant), repeats
    except json.JSONDecodeError as error:
        what = explain(text.content, error)
        place = text.span(what.start, what.start + what.length)
        raise _NotJson(ReadError(ReadErrorKind.NOT_JSON, what.message, place, what.hint)) from None
    except ValueError:  # Python refuses to read a number of thousands of digits
        digits = next((found for found in _LONG_NUMBERS.finditer(text.content) if found[1]), None)
        start, end = digits.span() if digits else (0, 0)
        message = f"a number of {end - start} digits, which no gateway can read"
        raise _NotJson(ReadError(ReadErrorKind.NOT_JSON, message, text.span(start, end))) from None


def _not_a_number(text: Text, word: str) -> _NotJson:
    start = next((found.start() for found in _TOKENS.finditer(text.content) if found[0] == word), 0)
    hint = "a message with it in gets lost between the bundle and the gateway's controller"
    place = text.span(start, start + len(word))
    return _NotJson(ReadError(ReadErrorKind.NOT_JSON, f"{word} is not JSON, expected a number", place, hint))


def _refuse_depth(text: Text) -> None:
    if text.content.count("[") + text.content.count("{") <= DEEPEST:
        return
    depth = 0
    for found in _TOKENS.finditer(text.content):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > DEEPEST:
                message = f"arrays and objects nest more than {DEEPEST} deep"
                place = text.span(found.start(), found.end())
                raise _NotJson(ReadError(ReadErrorKind.TOO_DEEP, message, place))
        elif found[0] in ("]", "}"):
            depth -= 1


def _not_utf8(path: str, content: bytes, error: UnicodeDecodeError) -> Document:
    text = Text(content.decode("utf-8", "replace"))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        message, start = f"{path} is UTF-16, expected UTF-8", 0
    else:
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        start = len(content[: error.start].decode("utf-8"))
    read_error = ReadError(ReadErrorKind.NOT_UTF8, message, text.span(start, start + 1), "save the file as UTF-8")
    return Document(path, text, read_errors=(read_error,))


def _duplicates(text: Text) -> list[ReadError]:
    first: dict[tuple[int, str], tuple[int, int]] = {}
    found: list[ReadError] = []
    more: list[tuple[int, int]] = []
    length = 0
    for member in _members(text.content):
        if member.key is None or member.around is None:
            continue
        before = first.setdefault((member.around.start, member.name), member.key)
        if before == member.key:
            continue
        if len(found) >= _MOST_DUPLICATES or length > _LONGEST_POINTERS:
            more.append(member.key)
            continue
        pointer = member.pointer
        length += len(pointer)
        found.append(
            ReadError(
                ReadErrorKind.DUPLICATE_KEY,
                f"key {quoted(member.name)} occurs twice in one object; only the last value counts",
                text.span(*member.key),
                "remove one of them",
                text.span(*before),
                pointer,
            )
        )
    if more:
        place = text.span(*min(more))
        found.append(ReadError(ReadErrorKind.DUPLICATE_KEY, f"{len(more)} more keys are there twice", place))
    return sorted(found, key=lambda read_error: read_error.span)


def pointer_to(parts: Iterable[object]) -> str:
    """The JSON pointer of a way of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(pointer: str) -> list[str]:
    """The way of keys and indexes that a JSON pointer spells."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


@dataclass(slots=True)
class _Container:
    """An array or object that has begun: what it is, and at which of its members the reader is."""

    name: str
    start: int
    is_object: bool
    key: tuple[int, int] | None
    around: _Container | None
    index: int = 0
    inner_key: tuple[int, int] | None = None
    inner_name: str = ""


@dataclass(frozen=True, slots=True)
class _Member:
    """A value: its key or index as a text, its offsets, those of its key, and the array or object that it lies in."""

    name: str
    value: tuple[int, int]
    key: tuple[int, int] | None
    around: _Container | None

    @property
    def pointer(self) -> str:
        names = [self.name]
        around = self.around
        while around is not None:
            names.append(around.name)
            around = around.around
        return pointer_to(reversed(names[:-1]))


def _members(content: str) -> Iterator[_Member]:
    """Every value in a text that is known to be JSON, the inner ones before the outer."""
    inside: _Container | None = None
    for found in _PARTS.finditer(content):
        part, place = found[0], found.span()
        if part == ":":
            continue
        if part == ",":
            assert inside is not None  # noqa: S101 - it is JSON
            inside.index += 1
            inside.inner_key = None
        elif part in ("]", "}"):
            assert inside is not None  # noqa: S101
            closed, inside = inside, inside.around
            yield _Member(closed.name, (closed.start, place[1]), closed.key, inside)
        elif inside is not None and inside.is_object and inside.inner_key is None:
            inside.inner_key, inside.inner_name = place, json.loads(part)
        else:
            name, key = "", None
            if inside is not None:
                name = inside.inner_name if inside.is_object else str(inside.index)
                key = inside.inner_key
            if part in ("[", "{"):
                inside = _Container(name, place[0], part == "{", key, inside)
            else:
                yield _Member(name, place, key, inside)
