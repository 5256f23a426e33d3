"""Names in few words, and back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bundlekit.errors import BadUsage
from bundlekit.fleet.folding import expand, fold, has_range


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        (["gw001", "gw002", "gw003", "gw004", "gw005", "gw006", "gw008"], "gw[001-006,008]"),
        (["north-1", "south-2", "north-2"], "north-[1-2],south-2"),
        (["moxa@10.0.0.1:2222", "moxa@10.0.0.2:2222"], "moxa@10.0.0.[1-2]:2222"),
        (["gw1"], "gw1"),
        (["moxa@[fe80::1]:22", "gw1", "gw2"], "gw[1-2],moxa@[fe80::1]:22"),
        ([], ""),
    ],
)
def test_fold_writes_ranges(names: list[str], folded: str) -> None:
    assert fold(names) == folded


@given(st.lists(st.from_regex(r"[a-z]{1,3}-?[0-9]{0,3}", fullmatch=True), max_size=20))
@example(["gw1", "gw01", "gw001"])
@example(["@all", "@*"])
def test_folded_names_expand_to_the_same(names: list[str]) -> None:
    folded = fold(names)
    depth, words = 0, [""]
    for letter in folded:
        depth += (letter == "[") - (letter == "]")
        words = [*words, ""] if letter == "," and not depth else [*words[:-1], words[-1] + letter]
    assert {name for word in words if word for name in expand(word)} == set(names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gw[01-03]", ("gw01", "gw02", "gw03")),
        ("gw[3,1]", ("gw3", "gw1")),
        ("gw[1-9/4]", ("gw1", "gw5", "gw9")),
        ("gw[01:03]", ("gw01", "gw02", "gw03")),
        ("gw[1:9:4]", ("gw1", "gw5", "gw9")),
        ("[1-2]x[1-2]", ("1x1", "1x2", "2x1", "2x2")),
        ("moxa@[1:2:3:4:5:6:7:8]", ("moxa@[1:2:3:4:5:6:7:8]",)),
        ("moxa@[2001::1]", ("moxa@[2001::1]",)),
    ],
)
def test_expand_keeps_the_order_of_the_text(text: str, names: tuple[str, ...]) -> None:
    assert expand(text) == names
    assert has_range(text) == (len(names) > 1)


@pytest.mark.parametrize("text", ["gw[3-1]", "gw[1-]", "gw[1,,2]", "gw[1-9/0]", "gw[1-999999999]", "[1-999][1-999]"])
def test_expand_of_a_senseless_range_is_refused(text: str) -> None:
    with pytest.raises(BadUsage, match=r"has an invalid range|more than 100000 names"):
        expand(text)
