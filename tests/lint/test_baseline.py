"""Known findings: by what they are known, and what is gone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import BadUsage
from bundlekit.lint import check
from bundlekit.lint.baseline import Baseline, BaselineEntry, called, read, written
from bundlekit.lint.selection import Choice, selection, selector
from tests.lint.bundles import MANIFEST, bundle, source

ROUTE = '    @Route("/other", "get")\n    def other(self, message, response):\n        return response(code=200)\n'


def known_of(checked: Bundle, under: str = "box") -> Counter[BaselineEntry]:
    baseline = Baseline(Counter())
    baseline.new(under, checked, check(checked), selection())
    return baseline.renewed


def left(known: Counter[BaselineEntry], checked: Bundle, under: str = "box") -> tuple[list[str], list[str]]:
    """The rules of what is new, and what is gone."""
    baseline = Baseline(known)
    new = baseline.new(under, checked, check(checked), selection())
    return [one.code for one in new], list(called(baseline.gone))


def with_source(text: str, **fields: Any) -> Bundle:
    return bundle({"index.py": text}, **fields)


SOUND = source(MANIFEST)
OLD = with_source(SOUND + ROUTE, ttl="60")

# what becomes of OLD, the rules of what is new then, and what is gone
CHANGES: dict[str, tuple[Bundle, list[str], list[str]]] = {
    "nothing": (OLD, [], []),
    "lines move": (with_source("# new\n\n" + SOUND + "\n    x = 1\n\n" + ROUTE, ttl="60"), [], []),
    "the line changes": (
        with_source((SOUND + ROUTE).replace('"get")', '["get"])'), ttl="60"),
        ["BK302"],
        ["box/index.py BK302"],
    ),
    "it is indented anew": (with_source((SOUND + ROUTE).replace("    ", "  "), ttl="60"), [], []),
    "another value at the same place": (with_source(SOUND + ROUTE, ttl="5"), [], []),
    "one is mended": (with_source(SOUND, ttl="60"), [], ["box/index.py BK302"]),
    "the other is mended": (with_source(SOUND + ROUTE), [], ["box/bundle.json BK102 /ttl"]),
    "one more of its kind": (with_source(SOUND + ROUTE + ROUTE, ttl="60"), ["BK302"], []),
    "one in place of another": (
        with_source(SOUND + ROUTE.replace('"/other"', '"/more"'), ttl="60"),
        ["BK302"],
        ["box/index.py BK302"],
    ),
    "one at another place": (with_source(SOUND + ROUTE, priority="60"), ["BK102"], ["box/bundle.json BK102 /ttl"]),
}


@pytest.mark.parametrize(("changed", "new", "gone"), CHANGES.values(), ids=CHANGES)
def test_what_is_new_and_what_is_gone(changed: Bundle, new: list[str], gone: list[str]) -> None:
    assert left(known_of(OLD), changed) == (new, gone)


def test_what_was_not_looked_at_is_not_gone() -> None:
    known = known_of(OLD)
    elsewhere = Counter({BaselineEntry("other/bundle.json", "BK102", "pointer", "/ttl"): 1})
    above = Counter({BaselineEntry("../x/bundle.json", "BK102", "pointer", "/ttl"): 1})
    mended = with_source(SOUND)
    assert left(known + elsewhere, mended)[1] == list(called(known))
    assert left(above, mended, under=".") == ([], [])
    for chosen in (Choice(select=(selector("BK302"),)), Choice(ignore=(selector("BK102"),))):
        baseline = Baseline(known)
        baseline.new("box", mended, (), selection(chosen))
        assert list(called(baseline.gone)) == ["box/index.py BK302"]
    baseline = Baseline(known)
    baseline.new("box", mended, (), selection(), only="box/bundle.json")
    assert list(called(baseline.gone)) == ["box/bundle.json BK102 /ttl"]


def test_renewed_baseline_keeps_what_was_not_looked_at() -> None:
    elsewhere = Counter({BaselineEntry("other/bundle.json", "BK102", "pointer", "/ttl"): 2})
    baseline = Baseline(known_of(OLD) + elsewhere)
    changed = with_source(SOUND + ROUTE + ROUTE)
    baseline.new("box", changed, check(changed), selection())
    assert baseline.renewed == known_of(changed) + elsewhere
    assert baseline.met == 1


def test_what_is_written_can_be_read() -> None:
    known = known_of(with_source(SOUND + ROUTE + ROUTE, ttl="60"), under="caf\udce9/a b")
    assert known.total() == 3
    assert read(written(known)) == known
    assert '"times": 2' in written(known)
    assert read(written(Counter())) == Counter()
    assert len(written(known).splitlines()) == 5 + len(known)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", 'no list "findings"'),
        ('{"version": 1}', 'no list "findings"'),
        ('{"version": 2, "findings": []}', "its version is not 1"),
        ('{"version": 1, "findings": [1]}', "its finding 1 does not have the form"),
        ('{"version": 1, "findings": [{"file": "a", "code": "BK1"}]}', "its finding 1 does not have the form"),
        ('{"version": 1, "findings": [{"file": "a", "code": 1, "line": "x"}]}', "its finding 1"),
        ('{"version": 1, "findings": [{"file": "a", "code": "b", "line": "x", "times": 0}]}', "its finding 1"),
        ('{"version": 1, "findings": [{"file": "a", "code": "b", "line": "x", "times": true}]}', "its finding 1"),
    ],
)
def test_what_is_no_baseline_is_told(text: str, told: str) -> None:
    with pytest.raises(BadUsage) as raised:
        read(text)
    assert told in raised.value.message
