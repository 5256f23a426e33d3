"""Rules chosen on the command line and in settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.cli.test_validate import make


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle that has an error (BK102, line 15) and a warning (BK302)."""
    make(tmp_path / "bad", ttl="60")
    handler = (
        '    @Route("/other", "get")\n    def other(self, message, response):\n        return response(code=200)\n'
    )
    with (tmp_path / "bad" / "index.py").open("a") as index:
        index.write(handler)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def codes(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `validate` finds: severity and code of each finding."""
    assert main(["validate", *arguments]) == code
    found = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("bad/")]
    return [f"{severity} {rule}" for _, severity, rule, *_ in found]


CHOSEN: list[tuple[list[str], int, list[str]]] = [
    ([], 1, ["error BK102", "warning BK302"]),
    (["--select", "BK1"], 1, ["error BK102"]),
    (["--select", "BK1", "--select", "undeclared-resource"], 1, ["error BK102", "warning BK302"]),
    (["--select", "BK301, BK302"], 0, ["warning BK302"]),
    (["--ignore", "wrong-type"], 0, ["warning BK302"]),
    (["--ignore", "wrong-type", "--fail-on", "warning"], 1, ["warning BK302"]),
    (["--ignore", "wrong-type,undeclared-resource", "--fail-on", "info"], 0, []),
    (["--severity", "BK102=warning,BK302=error"], 1, ["warning BK102", "error BK302"]),
    (["--severity", "BK102=info", "--severity", "BK302=off"], 0, ["info BK102"]),
]


@pytest.mark.parametrize(("arguments", "code", "found"), CHOSEN)
def test_choice_on_the_command_line(
    arguments: list[str], code: int, found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert codes(*arguments, "bad", code=code, capsys=capsys) == found


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--select", "wrong-tpye"], 'error: there is no rule "wrong-tpye"\n hint: did you mean wrong-type?'),
        (["--ignore", "E501"], 'error: there is no rule "E501"'),
        (["--select", ","], "error: --select names no rule"),
        (["--severity", "BK102"], 'error: --severity "BK102" has no "="'),
        (["--severity", "BK102=fatal"], 'error: there is no severity "fatal"\n hint: one of error, warning'),
        (["--fail-on", "never"], "'never' is not one of"),
    ],
)
def test_wrong_choice_is_a_usage_error(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
