"""`bundlekit validate` as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import click
import pytest

from bundlekit.cli import main
from bundlekit.cli.commands.validate import command
from bundlekit.lint.formats import FORMATS
from bundlekit.lint.formats.text import MOST_OF_A_RULE
from tests.lint.bundles import MANIFEST, source

ANSI = "\x1b"
CORRECTED = "1 can be corrected with --fix\n"


def make(folder: Path, **fields: Any) -> Path:
    """A sound bundle in a folder, with some fields changed."""
    manifest = {**MANIFEST, **fields}
    (folder / "data").mkdir(parents=True)
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=2))
    (folder / "index.py").write_text(source(manifest))
    (folder / "data" / "example.json.factory").write_text("{}")
    return folder


def make_own(folder: Path, **fields: Any) -> Path:
    """The same with the name of the folder, so that it gets along with others; a digit is a letter."""
    name = "".join("abcdefghij"[int(one)] if one.isdigit() else one for one in folder.name)
    make(folder, name=name, resources=[{"methods": ["get", "put"], "resource": f"/{name}"}], **fields)
    (folder / "data" / "example.json.factory").rename(folder / "data" / f"{name}.json.factory")
    return folder


def test_deleted_outside_of_a_repository_is_told(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["validate", "--deleted"]) == 3
    err = capsys.readouterr().err
    assert err == (f"error: {Path.cwd()} is in no git repository\n hint: --deleted is for the hooks of a repository\n")


def test_template_is_passed_over_and_told(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "template", name="{{cookiecutter.name}}")
    (here / "bad" / "bundle.json").unlink()
    assert main(["validate", "."]) == 0
    _, err = capsys.readouterr()
    assert "note: template is not checked: it is a cookiecutter template, not a bundle" in err
    assert main(["validate", "--skip-foreign", "template/index.py"]) == 0
    assert main(["validate", "template"]) == 3


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good bundle and a bad one, where the commands are typed."""
    make_own(tmp_path / "good")
    make_own(tmp_path / "bad", ttl="60")
    monkeypatch.chdir(tmp_path)
    return tmp_path


BAD = """\
bad/bundle.json:15:10: error BK102 wrong-type: ttl is "60", expected a number
    15 |   "ttl": "60",
       |          ^^^^
  hint: write 60 without quotes
"""


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(["validate", *arguments]) == code
    return capsys.readouterr()


def test_clean_bundle_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("good", code=0, capsys=capsys) == ("", "good: clean\n")


def test_finding_has_place_rule_line_mark_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bad", code=1, capsys=capsys) == (BAD, f"1 bundle: 1 error\n{CORRECTED}")


def test_without_a_path_all_bundles_below_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(code=1, capsys=capsys) == (BAD, f"2 bundles: 1 clean, 1 error\n{CORRECTED}")


def test_in_a_bundle_paths_are_short(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("bad")
    out, err = run(code=1, capsys=capsys)
    assert out.startswith("bundle.json:15:10: error")
    assert err == f"1 bundle: 1 error\n{CORRECTED}"


def test_every_bundle_is_checked_once(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    paths = ["bad", "bad/", "./bad/index.py", str(here / "bad" / "bundle.json"), "bad/data/bad.json.factory", "."]
    assert run(*paths, code=1, capsys=capsys) == (BAD, f"2 bundles: 1 clean, 1 error\n{CORRECTED}")


def test_warnings_do_not_fail(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    handler = '    @Route("/other", "get")\n    def other(self, message, response): response()\n'
    index = here / "good" / "index.py"
    index.write_text(index.read_text().replace("\n\nif __name__", handler + "\n\nif __name__"))
    out, err = run("good", code=0, capsys=capsys)
    assert "good/index.py:10:12: warning BK302 undeclared-resource:" in out
    assert err == "1 bundle: 1 warning\n"


def test_other_place_is_shown(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "twice", resources=[{"methods": "get", "resource": "/a"}, {"methods": "put", "resource": "/a"}])
    out, _ = run("twice", code=0, capsys=capsys)
    assert "  see: twice/bundle.json:19:19: the first one\n" in out


# paths, exit code, and what is told
FAILURES = [
    (["nope"], 2, "error: there is no nope\n"),
    (["nope", "bad"], 2, "error: there is no nope\n"),
    (["bad/data"], 3, "error: there is no bundle in bad/data\n hint: it is in the bundle bad\n"),
    (["empty"], 3, "error: there is no bundle in empty\n hint: bundlekit new makes one\n"),
    (["empty", "nope", "good"], 3, "good: clean\nerror: there is no bundle in empty\n"),
    (["other.py"], 3, "error: other.py belongs to no bundle\n"),
    (["broken.tar.gz"], 3, "error: broken.tar.gz is not a gzip file\n"),
    (["missing.tar.gz"], 2, "error: there is no missing.tar.gz\n"),
]


@pytest.mark.parametrize(("paths", "code", "told"), FAILURES)
def test_what_cannot_be_checked_is_told(
    paths: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "empty").mkdir()
    (here / "other.py").write_text("")
    (here / "broken.tar.gz").write_text("no archive")
    out, err = run(*paths, code=code, capsys=capsys)
    assert told in err
    assert (out == BAD) is ("bad" in paths)


def test_foreign_files_are_passed_over_if_asked_for(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "index.py").write_text("")
    assert run("--skip-foreign", "index.py", code=0, capsys=capsys) == ("", "no bundle was checked\n")
    assert run("--skip-foreign", "index.py", "bad/index.py", code=1, capsys=capsys) == (
        BAD,
        f"1 bundle: 1 error\n{CORRECTED}",
    )
    _, err = run("--skip-foreign", "nope.py", code=2, capsys=capsys)
    assert "there is no nope.py" in err


def test_json_is_one_object_of_the_documented_shape(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run("--format", "json", "bad", "good", code=1, capsys=capsys)
    assert err == ""
    edit = {"line": 15, "column": 10, "end_line": 15, "end_column": 14, "text": "60"}
    assert json.loads(out) == {
        "version": 1,
        "bundles": [
            {
                "path": "bad",
                "findings": [
                    {
                        "code": "BK102",
                        "rule": "wrong-type",
                        "severity": "error",
                        "file": "bad/bundle.json",
                        "line": 15,
                        "column": 10,
                        "end_line": 15,
                        "end_column": 14,
                        "pointer": "/ttl",
                        "message": 'ttl is "60", expected a number',
                        "hint": "write 60 without quotes",
                        "other": None,
                        "fix": [edit],
                        "rename": None,
                        "correction": {
                            "title": "Write 60 without quotes",
                            "edits": [edit],
                            "rename": None,
                            "is_safe": True,
                            "drops_mark": False,
                        },
                    }
                ],
            },
            {"path": "good", "findings": []},
        ],
        "failures": [],
        "summary": {"bundles": 2, "clean": 1, "errors": 1, "warnings": 0, "infos": 0},
    }


def test_documentation_shows_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "validate.md").read_text(encoding="utf-8")
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    printed = json.loads(run("--format", "json", "bad", code=1, capsys=capsys)[0])
    ours, theirs = shown["bundles"][0]["findings"][0], printed["bundles"][0]["findings"][0]
    assert shown.keys() == printed.keys()
    assert shown["summary"].keys() == printed["summary"].keys()
    assert ours.keys() == theirs.keys()
    assert ours["correction"].keys() == theirs["correction"].keys()
    for key in ("code", "rule", "severity", "pointer", "message", "hint", "other"):
        assert ours[key] == theirs[key]


def test_failures_are_in_the_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = run("--format", "json", "nope", code=2, capsys=capsys)
    assert json.loads(out)["failures"] == [{"message": "there is no nope", "hint": ""}]
    assert "there is no nope" in err


def archive(place: Path, folder: Path) -> None:
    with tarfile.open(place, "w:gz") as tar:
        tar.add(folder, ".")


def test_archives_are_looked_into(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    archive(here / "good-1.0.0.tar.gz", here / "good")
    archive(here / "bad.tgz", here / "bad")
    out, err = run("good-1.0.0.tar.gz", "bad.tgz", "bad.tgz", code=1, capsys=capsys)
    assert out == BAD.replace("bad/bundle.json", "bad.tgz:bundle.json")
    assert err == "2 bundles: 1 clean, 1 error\n"


def test_what_pack_makes_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "good"]) == 0
    capsys.readouterr()
    assert run("good-1.0.0.tar.gz", code=0, capsys=capsys) == ("", "good-1.0.0.tar.gz: clean\n")


def test_pack_refuses_what_has_errors_and_shows_them(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["pack", "bad"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(BAD)
    assert "error: bad has 1 error\n" in err
    assert not list(here.glob("*.tar.gz"))


def test_archive_with_a_link_is_refused(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "good" / "link").symlink_to("/etc/passwd")
    archive(here / "link.tar.gz", here / "good")
    _, err = run("link.tar.gz", code=1, capsys=capsys)
    assert "link" in err


STEERING = "a\x1b[31mred\x07\x9b2J\u202edcba"


def test_nothing_from_a_file_steers_the_terminal(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    folder = make(here / f"esc-{STEERING}", role=STEERING, resources=[{"methods": STEERING, "resource": STEERING}])
    raw = json.dumps({**MANIFEST, "ttl": [], STEERING: 1}, indent=2, ensure_ascii=False)
    (folder / "bundle.json").write_text(raw.replace('"ttl"', f'"x": "{STEERING[1:5]}", "ttl"'))
    for arguments in ([folder.name], [folder.name, "--format", "json"]):
        assert main(["validate", *arguments]) == 1
        out, err = capsys.readouterr()
        for text in (out, err):
            assert not {one for one in text if not one.isprintable()} - {"\n"}


@pytest.mark.parametrize("output_format", ["text", "json"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_names_in_any_encoding_are_printed(here: Path, output_format: str, locale: str) -> None:
    make(here / os.fsdecode(b"caf\xe9"), description=1)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "bundlekit", "validate", "--format", output_format, b"caf\xe9"],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
    assert b"description is 1, expected a string" in ended.stdout
    assert b"\xe9" not in ended.stdout
    if output_format == "json":
        assert json.loads(ended.stdout)["bundles"][0]["path"] == "caf\\udce9"


def test_mark_stands_under_what_it_is_about_in_any_script(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    manifest = json.loads((here / "good" / "bundle.json").read_text())
    text = json.dumps({**manifest, "description": "x", "ttl": 0}, ensure_ascii=False)
    text = text.replace('"description": "x"', '\t"description": "温度 e\u0301 \U0001f321"')
    (here / "good" / "bundle.json").write_text(text)
    out, _ = run("good", code=1, capsys=capsys)
    _, line, mark, _ = out.splitlines()
    assert "..." in line
    assert len(line) < 130
    cells = [one for one in line for _ in range({"温": 2, "度": 2, "\u0301": 0, "\U0001f321": 1}.get(one, 1))]
    assert "".join(cells)[mark.index("^") : mark.rindex("^") + 1] == "0"


def test_mark_reaches_no_further_than_the_line_that_is_shown(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "long", name="_" * 5000)
    out, _ = run("long", code=1, capsys=capsys)
    assert max(map(len, out.splitlines())) < 300


def test_bundle_that_is_called_like_an_option_is_checked(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "-rf", ttl=0)
    out, _ = run("--", "-rf", code=1, capsys=capsys)
    assert out.startswith("-rf/bundle.json:15:10: error BK107")


def test_hundreds_of_bundles_are_checked_in_order(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    for number in range(200):
        make_own(here / "many" / f"b{number:03}", ttl=0)
    out, err = run("many", code=1, capsys=capsys)
    named = [line.split("/")[1] for line in out.splitlines() if line.startswith("many/")]
    assert named == [f"b{number:03}" for number in range(200)]
    assert err == "200 bundles: 200 errors\n200 can be corrected with --fix --unsafe-fixes\n"


def test_colours_are_for_terminals_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert ANSI not in "".join(run("bad", code=1, capsys=capsys))


def test_every_format_can_be_chosen() -> None:
    (option,) = [option for option in command.params if option.name == "output_format"]
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_report_goes_to_a_file_and_the_summary_to_the_terminal(
    name: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    printed, _ = run("--format", name, "bad", "good", code=1, capsys=capsys)
    out, err = run("--format", name, "--output", "report", "bad", "good", code=1, capsys=capsys)
    assert (out, err) == ("", f"2 bundles: 1 clean, 1 error\n{CORRECTED}")
    assert (here / "report").read_text() == printed
    assert "BK102" in printed


def test_format_of_lines_comes_with_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    said = 'bad/bundle.json:15:10: BK102 ttl is "60", expected a number\n'
    assert run("--format", "concise", code=1, capsys=capsys) == (said, f"2 bundles: 1 clean, 1 error\n{CORRECTED}")
    assert run("--format", "github", code=1, capsys=capsys)[1] == f"2 bundles: 1 clean, 1 error\n{CORRECTED}"


@pytest.mark.parametrize("place", ["nowhere/report", "bad"])
def test_report_that_cannot_be_written_is_told(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = 2 if place == "bad" else 3
    _, err = run("--output", place, code=code, capsys=capsys)
    assert place in err


def test_failing_case_of_junit_is_one_that_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run("--format", "junit", "--severity", "BK102=warning", "bad", code=0, capsys=capsys)
    assert 'failures="0"' in out
    out, _ = run(
        "--format", "junit", "--severity", "BK102=warning", "--fail-on", "warning", "bad", code=1, capsys=capsys
    )
    assert 'failures="1"' in out


def test_many_findings_are_summed_up_by_rule(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    paths = [{"methods": ["GET"], "resource": f"a{number}"} for number in range(MOST_OF_A_RULE + 5)]
    make(here / "many", ttl="60", resources=paths)
    out, err = run("many", "--select", "BK102,BK111", code=1, capsys=capsys)
    assert out.count("BK111") == MOST_OF_A_RULE + 1
    assert "many: 5 more of BK111 resource-without-slash; --format concise shows all\n" in out
    counts = "25 error BK111 resource-without-slash\n 1 error BK102 wrong-type\n"
    assert err == f"{counts}1 bundle: 26 errors\n26 can be corrected with --fix\n"


def test_terminal_that_has_no_such_characters_gets_their_codes(here: Path) -> None:
    make(here / "odd", version="\u20ac/")
    ended = subprocess.run(
        [sys.executable, "-m", "bundlekit", "validate", "odd"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
    assert b'version "\\u20ac/" has' in ended.stdout
