"""Which gateways a pattern means."""

from __future__ import annotations

import pytest

from bundlekit.errors import BadUsage
from bundlekit.fleet.folding import fold
from bundlekit.fleet.patterns import is_pattern, matching

NAMES = [*(f"gw{number:02}" for number in range(1, 10)), "moxa@[fe80::1]:22", "lab"]
GROUPS = {"north": ("gw01", "gw02", "gw03"), "south": ("gw04", "gw05"), "test": ("gw01", "lab"), "none": ()}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("gw03", "gw03"),
        ("north", "gw[01-03]"),
        ("all,!gw*", "lab,moxa@[fe80::1]:22"),
        ("gw[03-05,09]", "gw[03-05,09]"),
        ("north,south", "gw[01-05]"),
        ("north,!gw02", "gw[01,03]"),
        ("north!gw02", "gw[01,03]"),
        ("north,&test", "gw01"),
        ("north&test", "gw01"),
        ("!gw0?,lab", "lab"),
        ("!gw0?,!lab", "moxa@[fe80::1]:22"),
        ("*th,&gw0[1,4]", "gw[01,04]"),
        ("gw[01-02]*", "gw[01-02]"),
        ("moxa@[fe80::1]:22", "moxa@[fe80::1]:22"),
        ("lab,moxa@[fe80::*", "lab,moxa@[fe80::1]:22"),
        ("south,none,", "gw[04-05]"),
        ("north&south", ""),
    ],
)
def test_pattern_means_these_gateways(pattern: str, names: str) -> None:
    assert fold(matching(pattern, NAMES, GROUPS)) == names


def test_gateways_come_in_the_order_of_the_inventory() -> None:
    assert matching("lab,south,gw01", NAMES, GROUPS) == ("gw01", "gw04", "gw05", "lab")


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("nroth", "no group nroth"),
        ("north,!gw7", "no group gw7"),
        ("gw[08-12]", r"no group gw\[10-12\]"),
        ("north,&tset", "no group tset"),
        ("x*", r"no group x\*"),
        ("gw[01", r"no group gw\[01"),
    ],
)
def test_word_that_matches_nothing_is_named(pattern: str, named: str) -> None:
    with pytest.raises(BadUsage, match=named):
        matching(pattern, NAMES, GROUPS)


@pytest.mark.parametrize("pattern", ["", " ", ",", ",!gw01", "!", "gw01,,gw02"])
def test_pattern_with_an_empty_word_never_means_all(pattern: str) -> None:
    with pytest.raises(BadUsage, match="not a pattern of gateways"):
        matching(pattern, NAMES, GROUPS)


@pytest.mark.parametrize(
    ("text", "many"), [("gw*", True), ("a,b", True), ("gw[1-2]", True), ("moxa@gw1:22", False), ("[fe80::1]:22", False)]
)
def test_is_pattern_knows_addresses(text: str, many: bool) -> None:
    assert is_pattern(text) == many
