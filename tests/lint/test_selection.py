"""Which rules are asked, by what is chosen."""

from __future__ import annotations

import pytest

from bundlekit.errors import BadUsage
from bundlekit.lint import Severity, check
from bundlekit.lint.rules import rules
from bundlekit.lint.selection import Choice, Selector, selection, selector, severity_named
from tests.lint.bundles import bundle

CODES = {rule.code for rule in rules()}
OF_THE_SOURCE = {code for code in CODES if code.startswith("BK3")}


def some(*words: str) -> tuple[Selector, ...]:
    return tuple(selector(word) for word in words)


def at(**severities: str) -> tuple[tuple[Selector, Severity | None], ...]:
    return tuple((selector(word.replace("_", "-")), severity_named(wanted)) for word, wanted in severities.items())


# choices from the weakest to the strongest, and the rules that are asked then
ASKED: dict[str, tuple[list[Choice], set[str]]] = {
    "nothing chosen": ([], CODES),
    "a code": ([Choice(select=some("BK302"))], {"BK302"}),
    "a code in lower case": ([Choice(select=some("bk302"))], {"BK302"}),
    "a name": ([Choice(select=some("undeclared-resource"))], {"BK302"}),
    "a prefix": ([Choice(select=some("BK3"))], OF_THE_SOURCE),
    "all": ([Choice(select=some("all"))], CODES),
    "ignored": ([Choice(ignore=some("BK302"))], CODES - {"BK302"}),
    "ignored of the selected": (
        [Choice(select=some("BK3"), ignore=some("undeclared-resource"))],
        OF_THE_SOURCE - {"BK302"},
    ),
    "selected of the ignored": ([Choice(select=some("BK302"), ignore=some("BK3"))], {"BK302"}),
    "selected and ignored alike": ([Choice(select=some("BK302"), ignore=some("undeclared-resource"))], set()),
    "off": ([Choice(severity=at(BK302="off"))], CODES - {"BK302"}),
    "off by a prefix but one": (
        [Choice(severity=at(BK3="off", BK302="info"))],
        CODES - OF_THE_SOURCE | {"BK302"},
    ),
    "a stronger place ignores more": (
        [Choice(select=some("BK302", "BK303")), Choice(ignore=some("BK3"))],
        set(),
    ),
    "a stronger place selects anew": (
        [Choice(ignore=some("BK302"), severity=at(BK302="off")), Choice(select=some("BK302"))],
        {"BK302"},
    ),
    "a stronger place turns on what a weaker one turned off": (
        [Choice(severity=at(BK302="off")), Choice(severity=at(BK302="error"))],
        CODES,
    ),
    "a severity does not turn on what is ignored": (
        [Choice(ignore=some("BK302")), Choice(severity=at(BK302="error"))],
        CODES - {"BK302"},
    ),
}


@pytest.mark.parametrize(("choices", "asked"), ASKED.values(), ids=ASKED)
def test_rules_that_are_asked(choices: list[Choice], asked: set[str]) -> None:
    assert set(selection(*choices).severities) == asked


def test_closest_word_and_strongest_place_give_the_severity() -> None:
    weak = Choice(severity=at(BK302="info", BK3="error"))
    assert selection(weak).severities["BK302"] is Severity.INFO
    assert selection(weak).severities["BK303"] is Severity.ERROR
    assert selection(weak, Choice(severity=at(BK3="warning"))).severities["BK302"] is Severity.WARNING
    assert selection(weak, Choice(ignore=some("BK101"))).severities["BK302"] is Severity.INFO


def test_findings_have_the_chosen_severity_and_others_are_not_there() -> None:
    checked = bundle(ttl="60", role="views")
    assert {one.code: one.severity for one in check(checked)} == {"BK102": Severity.ERROR, "BK106": Severity.ERROR}
    chosen = selection(Choice(ignore=some("BK106"), severity=at(wrong_type="info")))
    assert {one.code: one.severity for one in check(checked, chosen)} == {"BK102": Severity.INFO}


@pytest.mark.parametrize(
    ("fail_on", "severity", "fails"),
    [
        (None, "error", True),
        (None, "warning", False),
        (Severity.ERROR, "warning", False),
        (Severity.WARNING, "error", True),
        (Severity.WARNING, "warning", True),
        (Severity.WARNING, "info", False),
        (Severity.INFO, "info", True),
    ],
)
def test_check_fails_from_a_severity_on(fail_on: Severity | None, severity: str, fails: bool) -> None:
    chosen = selection(Choice(fail_on=Severity.WARNING), Choice(severity=at(BK102=severity), fail_on=fail_on))
    if fail_on is None:
        chosen = selection(Choice(severity=at(BK102=severity)))
    findings = check(bundle(ttl="60"), chosen)
    assert findings
    assert chosen.fails(findings) is fails
    assert not chosen.fails(())


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("undeclared-resuorce", "did you mean undeclared-resource?"),
        ("BK9O1", "did you mean BK901?"),
        ("BK7", "write a code"),
        ("B", "write a code"),
        ("", "write a code"),
        ("x" * 5000, "write a code"),
    ],
)
def test_unknown_word_is_told_with_what_is_near(word: str, hint: str) -> None:
    with pytest.raises(BadUsage, match="there is no rule") as told:
        selector(word)
    assert hint in (told.value.hint or "")
    assert len(told.value.message) < 200


def test_unknown_severity_is_told_with_those_that_there_are() -> None:
    with pytest.raises(BadUsage, match='there is no severity "bad"') as told:
        severity_named("bad")
    assert told.value.hint == "one of error, warning, info, off"
