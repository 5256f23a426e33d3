"""Rules chosen on the command line and in settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.cli.test_validate import archive, make


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


BOTH = ["error BK102", "warning BK302"]

# bundlekit.toml, arguments, exit code and what is found
SETTINGS: list[tuple[str, list[str], int, list[str]]] = [
    ('ignore = ["BK102"]', [], 0, ["warning BK302"]),
    ('ignore = ["BK102"]\nfail-on = "warning"', [], 1, ["warning BK302"]),
    ('fail-on = "warning"', ["--ignore", "BK102", "--fail-on", "error"], 0, ["warning BK302"]),
    ('ignore = ["BK102"]', ["--ignore", "BK302"], 0, []),
    ('ignore = ["BK102"]', ["--select", "ALL"], 1, BOTH),
    ('ignore = ["BK102"]', ["--no-config"], 1, BOTH),
    ('ignore = ["BK102"]', ["--config", "other/x.toml"], 1, ["error BK102", "info BK302"]),
    ('[per-path-ignores]\n"bad/*.json" = ["ALL"]', [], 0, ["warning BK302"]),
    ('[per-path-ignores]\n"index.py" = ["BK3"]', [], 1, ["error BK102"]),
    ('[per-path-ignores]\n"index.py" = ["BK1"]\n"/bundle.json" = ["BK1"]', [], 1, BOTH),
    ('[per-path-ignores]\n"bad/" = ["BK1"]', ["--select", "ALL"], 0, ["warning BK302"]),
]


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_count_and_the_command_line_wins(
    case: tuple[str, list[str], int, list[str]], capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    settings, arguments, code, found = case
    (here / "bundlekit.toml").write_text(settings)
    (here / "other").mkdir()
    (here / "other" / "x.toml").write_text('severity.BK302 = "info"')
    assert codes(*arguments, "bad", code=code, capsys=capsys) == found


def test_archive_is_checked_by_the_settings_around_it(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "dist").mkdir()
    archive(here / "dist" / "a.tar.gz", here / "bad")
    (here / "dist" / "bundlekit.toml").write_text('[per-path-ignores]\n"a.tar.gz/bundle.json" = ["BK102"]')
    assert main(["validate", "dist/a.tar.gz"]) == 0
    assert "BK302" in capsys.readouterr().out


def test_bad_settings_are_told_once_and_other_bundles_are_checked(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    for name in ("a", "b"):
        make(here / "team" / name)
    (here / "team" / "bundlekit.toml").write_text("\nselct = []")
    assert main(["validate"]) == 2
    out, err = capsys.readouterr()
    assert "bad/bundle.json:15:10: error BK102" in out
    assert err.count('error: team/bundlekit.toml:2: there is no setting "selct"\n hint: did you mean select?') == 1


def test_contradicting_options_are_refused(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "x.toml").touch()
    assert main(["validate", "--config", "x.toml", "--no-config"]) == 2
    assert "contradict" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ("", 1, "error: odd has 1 error\n"),
        (
            'ignore = ["BK102"]',
            0,
            "note: odd/bundle.json:4:13: BK102 wrong-type is ignored, by a comment or your settings: author is",
        ),
        ('severity.BK102 = "info"', 0, "note: odd/bundle.json:4:13: BK102 wrong-type is ignored"),
        ('severity.BK102 = "warning"', 0, "odd/bundle.json:4:13: warning BK102"),
        ('severity.BK302 = "error"', 1, "error: odd has 2 errors\n"),
        ('ignore = ["BK102"]', 0, "warning BK302"),
        ('ignore = ["BK102"]\nfail-on = "warning"', 1, "error: odd has 1 warning\n"),
        ('ignore = ["BK1"]\nfail-on = "warning"\nseverity.BK302 = "info"', 0, "packed"),
        ("nonsense = 1", 2, "error: bundlekit.toml:1: there is no setting"),
    ],
)
def test_pack_heeds_settings_and_tells_what_it_passes_over(
    settings: str, code: int, told: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    make(here / "odd", author={})
    handlers = (here / "bad" / "index.py").read_text()
    (here / "odd" / "index.py").write_text(handlers)
    (here / "bundlekit.toml").write_text(settings)
    assert main(["pack", "odd"]) == code
    assert told in capsys.readouterr().err
    assert (here / "example-1.0.0.tar.gz").exists() is (code == 0)


def test_what_pack_itself_needs_is_refused_though_it_is_ignored(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "bundlekit.toml").write_text('ignore = ["BK102"]')
    assert main(["pack", "bad"]) == 1
    assert 'its ttl is "60", expected a positive number of seconds' in capsys.readouterr().err


def test_ignored_error_does_not_bring_a_name_that_leads_out(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "out", name="../../evil")
    (here / "bundlekit.toml").write_text('ignore = ["ALL"]')
    assert main(["pack", "out", "-o", "dist"]) != 0
    assert not list(here.parent.rglob("*evil*.tar.gz"))


def test_pack_tells_what_a_comment_hides(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "late", resources=[{"methods": ["get", "put"], "resource": "/late"}])
    index = here / "late" / "index.py"
    hides = "methods=['get'], resource='/late')  # bundlekit: ignore[BK301] put comes later"
    index.write_text(index.read_text().replace("methods=['get', 'put'], resource='/late')", hides))
    assert main(["pack", "late"]) == 0
    assert "BK301 route-without-handler is ignored, by a comment or your settings" in capsys.readouterr().err
