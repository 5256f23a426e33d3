"""Which resource is whose."""

from __future__ import annotations

import pytest

from bundlekit.emulator.components import matches


@pytest.mark.parametrize(
    ("pattern", "paths", "others"),
    [
        ("/alpha", ["/alpha"], ["/alpha/", "/alpha/7", "/beta", "alpha", "/Alpha", "/alph", "/"]),
        ("/alpha/+", ["/alpha/7", "/alpha/x-y"], ["/alpha", "/alpha/", "/alpha/7/8", "/beta/7"]),
        ("/alpha/+/x", ["/alpha/7/x"], ["/alpha/7", "/alpha//x", "/alpha/7/y", "/alpha/7/x/"]),
        ("/+/+", ["/alpha/7"], ["/alpha", "/alpha/", "/"]),
        ("/alpha/#", ["/alpha/7", "/alpha/7/8", "/alpha//"], ["/alpha", "/alpha/", "/beta", "/alphabet", "/"]),
        ("/#", ["/alpha", "/alpha/7/8", "//"], ["/", "", "alpha", "alpha/7"]),
        ("#", ["/", "/alpha", "alpha", "a\nb"], [""]),
        ("/+/#", ["/alpha/7"], ["/", "/alpha", "/alpha/"]),
        ("/al+", ["/al+", "/alpha"], ["/al", "/al/7", "/alpha/7"]),
        ("/al+x", ["/al+x"], ["/alx", "/al7x"]),
        ("/a/#/b", ["/a/c", "/a/#/b"], ["/a/"]),
        ("/a.b", ["/a.b"], ["/aXb", "/a.b\n"]),
    ],
)
def test_pattern_matches_as_the_original_does(pattern: str, paths: list[str], others: list[str]) -> None:
    assert [path for path in paths if not matches(pattern, path)] == []
    assert [path for path in others if matches(pattern, path)] == []
