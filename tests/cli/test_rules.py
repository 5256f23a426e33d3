"""`bundlekit rules`, and `bundlekit validate --explain`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bundlekit.cli import main
from bundlekit.lint.page import page_of
from bundlekit.lint.rules import rules


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main([*arguments]) == code
    return capsys.readouterr()


def test_every_rule_is_listed_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run("rules", code=0, capsys=capsys)
    assert err == ""
    lines = [re.split(r"  +", line, maxsplit=3) for line in out.splitlines()]
    assert lines == [[rule.code, rule.name, rule.severity.value, page_of(rule).fault] for rule in rules()]


def test_some_rules_are_listed_in_order_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run("rules", "BK302", "wrong-type", "BK30", code=0, capsys=capsys)
    codes = [line.split()[0] for line in out.splitlines()]
    assert codes == ["BK102", *(rule.code for rule in rules() if rule.code.startswith("BK30"))]


def test_json_has_what_the_pages_say(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(run("rules", "--format", "json", code=0, capsys=capsys)[0])
    assert listed["version"] == 1
    assert [rule["code"] for rule in listed["rules"]] == [rule.code for rule in rules()]
    assert listed["rules"][0].keys() == {"code", "name", "severity", "fault", "why", "evidence", "fix", "safety"}
    documented = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in documented for key in listed["rules"][0])


def test_page_of_a_rule_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, err = run("validate", str(tmp_path), "--explain", "undeclared-method", code=0, capsys=capsys)
    assert err == ""
    assert out.startswith("BK303 undeclared-method (warning)\n\nA handler has a method that bundle.json does not")
    assert "\n\nWhy: `methods` plays no part" in out
    assert '\n\nBad, bundle.json:\n\n    "resources": [{"methods": "get"' in out
    assert "\n\nGood, index.py:\n\n    from sanji.core" in out
    assert max(map(len, out.splitlines())) <= 120


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_page_of_every_rule_can_be_shown(rule: object, capsys: pytest.CaptureFixture[str]) -> None:
    code = getattr(rule, "code", "")
    assert run("validate", "--explain", code.lower(), code=0, capsys=capsys)[0].startswith(code)


def test_pages_of_several_rules_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run("validate", "--explain", "BK303,BK302", code=0, capsys=capsys)
    assert re.findall(r"^BK\d+", out, re.MULTILINE) == ["BK302", "BK303"]


@pytest.mark.parametrize("arguments", [["rules", "wrong-tpye"], ["validate", "--explain", "wrong-tpye"]])
def test_unknown_rule_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run(*arguments, code=2, capsys=capsys)
    assert out == ""
    assert 'there is no rule "wrong-tpye"\n hint: did you mean wrong-type?' in err
