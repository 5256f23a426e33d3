"""Columns in three encodings, and texts that change piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundlekit.lsp.diagnostics import FilePlaces
from bundlekit.lsp.documents import OpenDocument
from bundlekit.lsp.positions import Places, PositionEncoding, agreed, sound
from bundlekit.lsp.uris import path_of, uri_of

LINE = "a\u00e4\u20ac\U0001f600b"
TEXTS = st.text(st.sampled_from("ab\u00e4\u20ac\U0001f600\n\r\ufeff"), max_size=30)
ENCODINGS = st.sampled_from(list(PositionEncoding))


@pytest.mark.parametrize(
    ("encoding", "columns"),
    [("utf-8", [0, 1, 3, 6, 10, 11]), ("utf-16", [0, 1, 2, 3, 5, 6]), ("utf-32", [0, 1, 2, 3, 4, 5])],
)
def test_column_counts_units(encoding: str, columns: list[int]) -> None:
    places = Places(f"\r\n{LINE}\rx", PositionEncoding(encoding))
    assert [places.position(2 + at)["character"] for at in range(6)] == columns
    assert [places.offset({"line": 1, "character": column}) for column in columns] == list(range(2, 8))


@pytest.mark.parametrize(
    ("line", "character", "offset"),
    [
        (0, 4, 3),  # in the midst of a pair of surrogates: in front of it
        (0, 99, 5),
        (9, 0, 8),
    ],
)
def test_position_beyond_is_the_nearest(line: int, character: int, offset: int) -> None:
    assert Places(f"{LINE}\r\nx", PositionEncoding.UTF16).offset({"line": line, "character": character}) == offset


@pytest.mark.parametrize("position", [{"line": -1, "character": 0}, {"line": 0, "character": 1.0}, {"line": True}])
def test_position_of_another_form(position: Any) -> None:
    with pytest.raises((ValueError, KeyError)):
        Places("abc", PositionEncoding.UTF16).offset(position)


@given(TEXTS, ENCODINGS)
def test_every_place_is_found_again(text: str, encoding: PositionEncoding) -> None:
    places = Places(text, encoding)
    for at in range(len(text) + 1):
        if text[at - 1 : at + 1] != "\r\n":  # no place lies between these
            assert places.offset(places.position(at)) == at


@given(TEXTS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), TEXTS), max_size=6), ENCODINGS)
def test_changed_text_is_the_text_sent_whole(
    text: str, edits: list[tuple[int, int, str]], encoding: PositionEncoding
) -> None:
    item = {"uri": "file:///x/index.py", "version": 0, "text": text}
    document = OpenDocument.opened(item, Path("/x/index.py"), encoding)
    for first, last, new in edits:
        start, end = sorted((min(first, len(text)), min(last, len(text))))
        places = Places(text, encoding)
        # A place in the end of a line is the begin of that end; what the server has is what the client means by it.
        start, end = places.offset(places.position(start)), places.offset(places.position(end))
        change = {"range": places.range(start, end), "text": new}
        text = text[:start] + new + text[end:]
        document = document.changed({"version": 1}, [change])
        assert document.places.content == text


def test_halves_of_pairs_keep_their_columns() -> None:
    assert sound("a\ud83db\ude00c\ud83d\ude00") == "a\ufffdb\ufffdc\U0001f600"


@pytest.mark.parametrize(
    ("offered", "encoding"),
    [(None, "utf-16"), ([], "utf-16"), (["utf-7", 1, "utf-8", "utf-16"], "utf-8"), (["utf-32"], "utf-32")],
)
def test_first_known_encoding_is_taken(offered: Any, encoding: str) -> None:
    assert agreed(offered) == encoding


@given(TEXTS, ENCODINGS)
def test_place_of_a_finding_is_the_client_s(text: str, encoding: PositionEncoding) -> None:
    """Rules end lines with LF alone, clients with CR too."""
    found = FilePlaces(Places(text, encoding))
    for at in range(len(text) + 1):
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        assert found.offset(line, column) == at
        assert found.place(at) == (line, column)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a%20b/%C3%A4%25.py", "/a b/\u00e4%.py"),
        ("file://localhost/a/../b", "/b"),
        ("FILE:///a", "/a"),
        ("file:///a%FF", "/a\udcff"),
    ],
)
def test_uri_of_a_file(uri: str, path: str) -> None:
    assert path_of(uri) == Path(path)
    assert path_of(uri_of(Path(path))) == Path(path)


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "file://server/share", "file:///a%00", "file:a", "http://[", ""]
)
def test_uri_of_no_file(uri: str) -> None:
    assert path_of(uri) is None
