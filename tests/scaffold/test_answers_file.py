"""Answers from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.errors import BadUsage
from bundlekit.scaffold.answers_file import read_answers

TOML = b"""
name = "lamp"
ttl = 5
resources = ["/lamp", {resource = "/lamp/:id", methods = ["get"]}]
"""
JSON = b"""\xef\xbb\xbf
{"name": "lamp", "ttl": 5, "resources": ["/lamp", {"resource": "/lamp/:id", "methods": ["get"]}]}
"""


@pytest.mark.parametrize("content", [TOML, JSON])
def test_answers_are_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_bytes(content)
    assert read_answers(file) == {
        "name": "lamp",
        "ttl": 5,
        "resources": ["/lamp", {"resource": "/lamp/:id", "methods": ["get"]}],
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"name": "lamp"', "is not JSON"),
        (b"[1, 2]", "is not TOML"),
        (b"name: lamp", "is not TOML"),
        (b'name = "\xff"', "is not UTF-8"),
        (b"{" * 200_000, "is not JSON"),
        (b'{"a":' * 100_000, "is not JSON"),
        (b'nmae = "lamp"', "nmae"),
        (b'{"\\u001b[31m": 1}', "\\x1b[31m"),
    ],
)
def test_file_that_will_not_do_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_bytes(content)
    with pytest.raises(BadUsage) as refused:
        read_answers(file)
    assert words in refused.value.message
    assert refused.value.message.isprintable()


def test_misspelt_key_gets_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_bytes(b'nmae = "lamp"')
    with pytest.raises(BadUsage) as refused:
        read_answers(file)
    assert refused.value.hint == 'did you mean "name"?'
