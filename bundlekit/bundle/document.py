"""A JSON file with the places of its values.

Whether the text is JSON, and what it says, Python's json module decides. The places come from tree-sitter, which
is asked only when somebody wants to know one: a sound file costs no more than reading it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.json_faults import explain
from bundlekit.bundle.quoting import quoted
from bundlekit.bundle.reading import Problem, Trouble, read_file
from bundlekit.bundle.text import Span, Text

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 200
"""How far arrays and objects may nest; a gateway's Python 2.7 gives up somewhat below 1000."""

_BYTE_ORDER_MARK = "\ufeff"
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]|-?Infinity|NaN', re.DOTALL)
_LONG_NUMBERS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(-?[0-9]{1000,})', re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A JSON file of a bundle as it was read.

    Attributes:
        path: its path in the bundle.
        text: what stands in it, without a byte order mark; empty where it could not be read.
        parsed: whether it is JSON.
        value: what it says; None where it is not JSON.
        problems: what was found on the way, in the order of the text.
    """

    path: str
    text: Text
    parsed: bool = False
    value: Any = None
    problems: tuple[Problem, ...] = ()

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
        while pointer and pointer not in self._places:
            pointer = pointer.rpartition("/")[0]
            which = 0
        place = self._places.get(pointer)
        return self.text.span(*place[which]) if place else Span()

    @cached_property
    def _places(self) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
        """Offsets of value and key by pointer."""
        return {
            pointer: (_offsets(self.text, value), _offsets(self.text, key or value))
            for pointer, key, value in _values(self.text)
        }


def read_document(bundle: Bundle, path: str, limit: int) -> Document:
    """Read a JSON file of a bundle, whatever is in it.

    Args:
        bundle: the bundle.
        path: the file's path in it.
        limit: the most bytes that it may have.

    Returns:
        The document; what is wrong with it is in its `problems`, nothing is raised.
    """
    content = read_file(bundle, path, limit)
    if isinstance(content, Problem):
        return Document(path, Text(""), problems=(content,))
    return parse(path, content)


def parse(path: str, content: bytes) -> Document:
    """Make a document of a file's bytes."""
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, content, error)
    problems: list[Problem] = []
    if decoded.startswith(_BYTE_ORDER_MARK):
        decoded = decoded.removeprefix(_BYTE_ORDER_MARK)
        problems.append(
            Problem(
                Trouble.BYTE_ORDER_MARK,
                f"{path} begins with a byte order mark, expected plain UTF-8",
                hint='save it as "UTF-8", not as "UTF-8 with BOM"',
            )
        )
    text = Text(decoded)
    try:
        _refuse_depth(text)
        value, has_duplicates = _parse_json(text)
    except _NotJson as fault:
        problems.append(fault.problem)
        return Document(path, text, problems=tuple(problems))
    if has_duplicates:
        problems.extend(_duplicates(text))
    return Document(path, text, parsed=True, value=value, problems=tuple(problems))


class _NotJson(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


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
        raise _NotJson(Problem(Trouble.NOT_JSON, what.message, place, what.hint)) from None
    except ValueError:  # Python refuses to read a number of thousands of digits
        digits = next((found for found in _LONG_NUMBERS.finditer(text.content) if found[1]), None)
        start, end = digits.span() if digits else (0, 0)
        message = f"a number of {end - start} digits, which no gateway can read"
        raise _NotJson(Problem(Trouble.NOT_JSON, message, text.span(start, end))) from None


def _not_a_number(text: Text, word: str) -> _NotJson:
    start = next((found.start() for found in _TOKENS.finditer(text.content) if found[0] == word), 0)
    hint = "a message with it in gets lost between the bundle and the gateway's controller"
    place = text.span(start, start + len(word))
    return _NotJson(Problem(Trouble.NOT_JSON, f"{word} is not JSON, expected a number", place, hint))


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
                raise _NotJson(Problem(Trouble.TOO_DEEP, message, place))
        elif found[0] in ("]", "}"):
            depth -= 1


def _not_utf8(path: str, content: bytes, error: UnicodeDecodeError) -> Document:
    encoding = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}.get(content[:2])
    text = Text(content.decode("utf-8", "replace"))
    if encoding:
        message, start = f"{path} is {encoding}, expected UTF-8", 0
    else:
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        start = len(content[: error.start].decode("utf-8"))
    problem = Problem(Trouble.NOT_UTF8, message, text.span(start, start + 1), "save the file as UTF-8")
    return Document(path, text, problems=(problem,))


def _duplicates(text: Text) -> Iterator[Problem]:
    first: dict[tuple[int, str], Node] = {}
    for pointer, key, _ in _values(text):
        if key is None or key.parent is None or key.parent.parent is None:
            continue
        before = first.setdefault((key.parent.parent.id, pointer), key)
        if before is not key:
            yield Problem(
                Trouble.DUPLICATE_KEY,
                f"key {quoted(_decoded(text, key))} is there twice in one object; only the last one counts",
                text.span(*_offsets(text, key)),
                "remove one of them",
                text.span(*_offsets(text, before)),
                pointer,
            )


def pointer_to(parts: Iterable[object]) -> str:
    """The JSON pointer of a way of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(pointer: str) -> list[str]:
    """The way of keys and indexes that a JSON pointer spells."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _values(text: Text) -> Iterator[tuple[str, Node | None, Node]]:
    """Every value with its pointer and key in the order of the text, the whole first."""
    import tree_sitter
    import tree_sitter_json

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_json.language()))
    tree = parser.parse(text.utf8)
    todo: list[tuple[str, Node | None, Node]] = []
    todo.extend([("", None, node) for node in tree.root_node.named_children if node.type != "comment"][:1])
    while todo:
        pointer, key, value = todo.pop()
        yield pointer, key, value
        inner: list[tuple[str, Node | None, Node]] = []
        if value.type == "object":
            for pair in value.named_children:
                name, content = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if name is not None and content is not None:
                    inner.append((pointer + pointer_to([_decoded(text, name)]), name, content))
        elif value.type == "array":
            inner.extend((f"{pointer}/{index}", None, item) for index, item in enumerate(value.named_children))
        todo.extend(reversed(inner))


def _decoded(text: Text, key: Node) -> str:
    written = text.utf8[key.start_byte : key.end_byte]
    value = json.loads(written, strict=False) if b"\\" in written else written[1:-1].decode("utf-8")
    return str(value)


def _offsets(text: Text, node: Node) -> tuple[int, int]:
    return text.offset(node.start_byte), text.offset(node.end_byte)
