"""Every rule says what tests/lint/snapshots/ has, word for word, and nothing of any other case."""

from __future__ import annotations

import pytest

from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from tests.lint.snapshots import FOLDER, snapshot


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_rule_says_what_was_read_and_agreed(rule: Rule) -> None:
    agreed = (FOLDER / f"{rule.name}.txt").read_text(encoding="utf-8")
    assert snapshot(rule).split("\n\n") == agreed.split("\n\n"), "read the change, then python -m tests.lint.snapshots"


def test_rules_that_are_gone_say_nothing() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {rule.name for rule in rules()}
