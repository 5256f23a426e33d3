"""JSON files with places: what is read, where it stands, what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.document import DEEPEST, Document, parse, parts_of, pointer_to
from bundlekit.bundle.reading import ReadError, ReadErrorKind
from bundlekit.bundle.text import Span, Text
from tests.rotation import examples


def one_read_error(content: bytes) -> ReadError:
    (read_error,) = parse("x.json", content).read_errors
    return read_error


def shown(document: Document, span: Span) -> str:
    """What stands at a place."""
    lines = document.text.content.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


# text, then what is wrong with it, where, and a part of the hint
NOT_JSON = {
    "empty": ("", "empty", (1, 1), ""),
    "nothing but blanks": (" \n\n", "empty", (1, 1), ""),
    "comma at the end of an object": ('{\n "a": 1,\n}', "comma after the last item", (2, 8), "closing }"),
    "comma at the end of an array": ("[1, ]", "comma after the last item", (1, 3), "closing ]"),
    "missing comma": ('{"a": 1\n"b": 2}', 'found ", expected a comma', (2, 1), ""),
    "missing colon": ('{"a" 1}', "found 1, expected a colon", (1, 6), ""),
    "missing value": ('{"a": }', "found }, expected a value", (1, 7), ""),
    "unquoted key": ("{a: 1}", "found a, expected a key in double quotes", (1, 2), ""),
    "single quotes": ("{'a': 1}", "a single quote", (1, 2), "double quotes"),
    "line comment": ('{"a": 1, // x\n"b": 2}', "a comment", (1, 10), "remove"),
    "block comment": ("/* x */ {}", "a comment", (1, 1), "remove"),
    "hash comment": ("# x\n{}", "a comment", (1, 1), "remove"),
    "Python's True": ('{"a": True}', "True is not a word of JSON", (1, 7), "write true"),
    "Python's None": ("[None]", "None is not a word of JSON", (1, 2), "write null"),
    "bare word": ("hello", "found hello, expected a value", (1, 1), ""),
    "more after the end": ("{}\n{}", "{ after the end", (2, 1), "too early"),
    "closed too often": ('{"a": 1}}', "} after the end", (1, 9), "too early"),
    "not closed": ('{"a": [1, 2', "ends too early", (1, 12), "not closed"),
    "not closed, with a line end": ('{"a": 1,\n', "ends too early", (1, 9), "not closed"),
    "string without an end": ('{"a": "b}', "does not end", (1, 7), "close it"),
    "line break in a string": ('{"a": "b\nc"}', "control character \\n", (1, 9), "own line"),
    "tab in a string": ('{"a": "\t"}', "control character \\t", (1, 8), ""),
    "backslash": ('{"a": "C:\\dir"}', "backslash", (1, 10), "\\\\"),
    "half an escape": ('{"a": "\\u12"}', "backslash", (1, 8), ""),
    "NaN": ('{"NaN": NaN}', "NaN is not JSON", (1, 9), "controller"),
    "Infinity": ("[1, -Infinity]", "-Infinity is not JSON", (1, 5), "controller"),
    "leading zero": ("[01]", "found 1, expected a comma", (1, 3), ""),
    "escape code": ("\x1b[31m", "found \\x1b, expected a value", (1, 1), ""),
    "five thousand digits": ('["9", ' + "9" * 5000 + "]", "a number of 5000 digits", (1, 7), ""),
}


@pytest.mark.parametrize(("text", "message", "place", "hint"), NOT_JSON.values(), ids=NOT_JSON)
def test_fault_is_told_where_it_is(text: str, message: str, place: tuple[int, int], hint: str) -> None:
    read_error = one_read_error(text.encode())
    assert read_error.kind is ReadErrorKind.NOT_JSON
    assert message in read_error.message
    assert (read_error.span.line, read_error.span.column) == place
    assert hint in read_error.hint
    assert read_error.message.isprintable()


def test_not_utf8_is_told_by_byte_and_place() -> None:
    read_error = one_read_error('{\n"ä": "'.encode() + b'\xe9"}')
    assert read_error.kind is ReadErrorKind.NOT_UTF8
    assert "0xe9" in read_error.message
    assert (read_error.span.line, read_error.span.column) == (2, 7)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_told(encoding: str) -> None:
    content = ("" if encoding == "utf-16" else "\ufeff") + '{"a": 1}'
    read_error = one_read_error(content.encode(encoding))
    assert read_error.kind is ReadErrorKind.NOT_UTF8
    assert "UTF-16" in read_error.message


def test_byte_order_mark_is_told_and_the_rest_is_read() -> None:
    document = parse("x.json", b'\xef\xbb\xbf{"a": 1}')
    assert document.value == {"a": 1}
    assert [read_error.kind for read_error in document.read_errors] == [ReadErrorKind.BYTE_ORDER_MARK]
    assert document.position("/a") == Span(1, 7, 1, 8)


@pytest.mark.parametrize("depth", [DEEPEST + 1, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_deep_nesting_is_told_and_never_followed(depth: int, brackets: tuple[str, str]) -> None:
    read_error = one_read_error((brackets[0] * depth + "1" + brackets[1] * depth).encode())
    assert read_error.kind is ReadErrorKind.TOO_DEEP


def test_brackets_in_strings_are_not_deep() -> None:
    assert parse("x.json", json.dumps(["[{" * 1000, '\\"[', 1]).encode()).parsed
    assert parse("x.json", ("[" * DEEPEST + "]" * DEEPEST).encode()).parsed


def test_duplicate_keys_are_told_with_both_places() -> None:
    document = parse("x.json", '{"ä": {"b": 1},\n "c": {"b": 2, "\\u0062": 3},\n "ä": {"b": 4}}'.encode())
    first, second = sorted(document.read_errors, key=lambda read_error: read_error.span)
    assert (first.pointer, shown(document, first.span)) == ("/c/b", '"\\u0062"')
    assert first.other is not None
    assert shown(document, first.other) == '"b"'
    assert first.other.column == 8
    assert (second.pointer, second.span.line) == ("/ä", 3)
    assert document.value["ä"] == {"b": 4}
    assert shown(document, document.position("/ä/b")) == "4"


def test_place_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    document = parse("x.json", b'{"a": [1]}')
    assert document.position("/a/7/x") == document.position("/a")
    assert document.key_position("/a/0") == document.position("/a/0")
    assert shown(document, document.key_position("/a")) == '"a"'
    assert parse("x.json", b"").position("/a") == Span()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def all_pointers(value: Any, pointer: str = "") -> dict[str, Any]:
    inner: dict[str, Any] = {pointer: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        inner.update(all_pointers(item, pointer + pointer_to([key])))
    return inner


@settings(max_examples=examples(200), deadline=None)
@given(json_values, st.sampled_from([None, 0, 1, "\t"]), st.booleans(), st.sampled_from(["", " ", "\r\n", "\n\n"]))
def test_what_stands_at_a_place_is_the_value(value: Any, indent: Any, ascii_only: bool, around: str) -> None:
    text = around + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + around
    document = parse("x.json", text.encode("utf-8"))
    assert document.value == value
    for pointer, inner in all_pointers(value).items():
        assert json.loads(shown(document, document.position(pointer))) == inner
        if pointer and not parts_of(pointer)[-1].isdecimal():
            assert json.loads(shown(document, document.key_position(pointer))) == parts_of(pointer)[-1]


@settings(max_examples=examples(500), deadline=None)
@given(
    st.binary(max_size=60)
    | st.text(alphabet='{}[]",:\\/ntf01eE+-.\n \t\u00e9Nul', max_size=60).map(str.encode)
    | json_values.map(lambda value: json.dumps(value).encode()[:-1])
)
def test_any_bytes_are_json_or_have_a_problem(content: bytes) -> None:
    document = parse("x.json", content)
    try:
        expected = json.loads(content.decode("utf-8-sig"), parse_constant=dict[str, float]().__getitem__)
    except (ValueError, KeyError):
        assert not document.parsed
        assert document.read_errors
    else:
        assert document.parsed
        assert document.value == expected
    for read_error in document.read_errors:
        assert read_error.message.isprintable()
        assert 1 <= read_error.span.line <= read_error.span.end_line <= content.count(b"\n") + 1


@settings(max_examples=examples(100), deadline=None)
@given(st.text(alphabet="aé温\U0001f600\n\r", max_size=3000), st.data())
def test_offsets_in_bytes_and_characters_agree(content: str, data: st.DataObject) -> None:
    text = Text(content)
    at = data.draw(st.integers(0, len(content)))
    assert text.offset(len(content[:at].encode())) == at
    span = text.span(at, len(content))
    assert span.line == content.count("\n", 0, at) + 1
    assert text.line(span.line).startswith(content[at - span.column + 1 : at].rstrip("\r"))


def test_there_is_no_line_beyond_the_last() -> None:
    assert [Text("a\r\nb").line(number) for number in (0, 1, 2, 3)] == ["", "a", "b", ""]
