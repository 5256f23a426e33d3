"""Every rule is documented, told from all others, and does what its page says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bundlekit.lint import rules as room
from bundlekit.lint.catalogue import LIST, catalogue
from bundlekit.lint.page import Example, described, listed, page_of, pages, write
from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from tests.lint.bundles import MANIFEST, bundle, codes, source
from tests.lint.examples import bundle_of

RULES = rules()
OF_ONE = [rule for rule in RULES if rule.among is None]  # test_together.py has the examples of the others
DOCS = Path(__file__).parents[2] / "docs"


def test_there_are_rules_and_each_is_a_module_with_its_own_name() -> None:
    modules = {path.stem for path in Path(next(iter(room.__path__))).glob("*/*.py")} - {"__init__"}
    assert {rule.name.replace("-", "_") for rule in RULES} == modules
    assert len(RULES) >= 30


def test_codes_and_names_are_unique() -> None:
    assert max(Counter(rule.code for rule in RULES).values()) == 1
    assert max(Counter(rule.name for rule in RULES).values()) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_is_named_and_documented(rule: Rule) -> None:
    assert re.fullmatch(r"BK[1-49]\d\d", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    page = page_of(rule)
    assert page.fault.endswith(".")
    assert page.why.endswith((".", ".)"))
    assert page.evidence.endswith((".", '."'))
    assert page.bad
    assert page.good


@pytest.mark.parametrize("rule", OF_ONE, ids=lambda rule: rule.name)
def test_bad_example_is_found(rule: Rule) -> None:
    assert rule.name in codes(bundle_of(page_of(rule).bad))


@pytest.mark.parametrize("rule", OF_ONE, ids=lambda rule: rule.name)
def test_good_example_is_clean_by_every_rule(rule: Rule) -> None:
    assert codes(bundle_of(page_of(rule).good)) == []


def test_sound_bundle_is_clean() -> None:
    assert codes(bundle()) == []
    assert "handler_0" in source(MANIFEST)


def test_pages_of_the_rules_are_up_to_date() -> None:
    found = {path.relative_to(DOCS).as_posix() for path in (DOCS / "rules").iterdir()} | {"rules.md"}
    made = pages()
    assert found == made.keys(), "python -m bundlekit.lint.page"
    stale = [path for path, text in made.items() if (DOCS / path).read_text(encoding="utf-8") != text]
    assert stale == [], "python -m bundlekit.lint.page"


def test_list_of_the_rules_is_up_to_date() -> None:
    assert LIST.read_text(encoding="ascii") == listed(), "python -m bundlekit.lint.page"
    assert [(one.code, one.name, one.severity) for one in catalogue()] == [
        (rule.code, rule.name, rule.severity) for rule in RULES
    ]


def test_writing_the_pages_takes_away_those_of_rules_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "BK000.md").touch()
    (tmp_path / "validate.md").touch()
    write(tmp_path)
    assert {path.name for path in (tmp_path / "rules").iterdir()} == {f"{rule.code}.md" for rule in RULES}
    assert {path.name for path in tmp_path.iterdir()} == {"rules", "rules.md", "validate.md"}


DOCUMENTED = (
    "A\nfault.\n\nWhy: so.\n\nEvidence: it was\nseen.\n\nBad:\n\n    x is missing\n\nGood:\n\n    x\n        1\n"
)


def test_a_page_is_read_from_a_docstring() -> None:
    page = page_of(replace(RULES[0], page=DOCUMENTED))
    assert (page.fault, page.why, page.evidence) == ("A fault.", "so.", "it was seen.")
    assert (page.bad, page.good) == ((Example("x", "missing", ""),), (Example("x", "", "1"),))


@pytest.mark.parametrize("safety", ["safe", "unsafe", "safe or unsafe"])
def test_fix_on_a_page_is_read_from_a_docstring(safety: str) -> None:
    page = page_of(replace(RULES[0], page=DOCUMENTED.replace("Bad:", f"Fix ({safety}): it is\nmended.\n\nBad:")))
    assert (page.evidence, page.safety, page.fix) == ("it was seen.", safety, "it is mended.")
    assert f"Fix, {safety}: it is mended." in described(page)


@pytest.mark.parametrize(
    "page",
    [None, "", "A fault.", *(DOCUMENTED.replace(part, "") for part in ("Why: so.\n\n", "Evidence: it was\nseen.\n\n"))],
)
def test_rule_without_documentation_is_told(page: str | None) -> None:
    with pytest.raises(ValueError, match="not documented"):
        page_of(replace(RULES[0], page=page))
