"""Patterns of .gitignore: the same answers as pathspec's own, however many stars a hostile one has."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from bundlekit.pack.gitignore import gitignore
from tests.rotation import examples

pieces = st.sampled_from(
    ["a", "b", "*", "**", "?", "/", "/**/", "**/", "[ab]", "[!a]", "\\*", ".", "(", "+", "!", "\\ "]
)
paths = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "a*", ".", "(", "abab", "+a"]), min_size=1, max_size=6)


@settings(max_examples=examples(1500), deadline=None)
@given(st.lists(pieces, min_size=1, max_size=9).map("".join), paths.map("/".join))
@example("*a*b*ab", "ababab")
@example("a/**/b/**/ab", "a/b/ab/b/b/ab")
@example("**/a/**/b/*a*b*", "b/a/a/b/b/abab")
def test_answers_are_those_of_pathspec(pattern: str, path: str) -> None:
    try:
        usual = GitIgnoreSpec.from_lines([pattern], backend="simple")
    except (ValueError, re.error):
        with pytest.raises((ValueError, re.error)):
            gitignore([pattern])
        return
    if "[!" not in pattern:  # which pathspec, other than git, takes for a slash too
        assert gitignore([pattern]).match_file(path) == usual.match_file(path), gitignore([pattern]).patterns[0].regex


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 60 + "*b", "a" * 250),
        ("*" * 100 + "b", "a" * 250),
        ("?*" * 60 + "b", "a" * 250),
        ("*[ab]" * 60 + "*c", "a" * 250),
        ("**/a/" * 60 + "b", "a/" * 450 + "c"),
        ("x/" + "**/a*a/" * 60 + "b", "x/" + "aa/" * 300 + "c"),
        ("/**/" + "*a*/**/" * 30 + "b", "aaa/" * 250 + "c"),
    ],
)
@pytest.mark.timeout(60)
def test_hostile_pattern_comes_to_an_end(pattern: str, path: str) -> None:
    assert not gitignore([pattern]).match_file(path)
