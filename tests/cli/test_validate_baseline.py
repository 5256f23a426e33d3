"""`validate --baseline`: an old code base is taken over, and only what is new fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.cli.test_validate import archive, make_own


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_own(tmp_path / "a", ttl="60")
    make_own(tmp_path / "b", ttl=0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(["validate", "--baseline", "known.json", *arguments]) == code
    return capsys.readouterr()


def findings(place: Path) -> list[str]:
    return [f"{one['file']} {one['code']}" for one in json.loads(place.read_text())["findings"]]


def test_old_findings_are_known_and_new_ones_fail(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    out, err = run("--write-baseline", code=0, capsys=capsys)
    assert out == ""
    assert "baseline: known.json knows 2 findings\n" in err
    assert findings(here / "known.json") == ["a/bundle.json BK102", "b/bundle.json BK107"]
    out, err = run(code=0, capsys=capsys)
    assert out == ""
    assert "baseline: 2 findings that known.json knows not shown\n" in err
    make_own(here / "c", ttl=0)
    out, _ = run(code=1, capsys=capsys)
    assert [line.split()[0] for line in out.splitlines() if " error " in line] == ["c/bundle.json:15:10:"]


def test_what_is_gone_is_told_and_taken_out(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    run("--write-baseline", code=0, capsys=capsys)
    text = (here / "a" / "bundle.json").read_text()
    (here / "a" / "bundle.json").write_text(text.replace('"60"', "60"))
    before = (here / "known.json").read_text()
    _, err = run(code=0, capsys=capsys)
    told = "baseline: 1 finding gone; --write-baseline takes that out of known.json:\n  a/bundle.json BK102 /ttl\n"
    assert told in err
    assert (here / "known.json").read_text() == before
    _, err = run("--write-baseline", code=0, capsys=capsys)
    assert "baseline: 1 finding taken out of known.json:\n  a/bundle.json BK102 /ttl\n" in err
    assert findings(here / "known.json") == ["b/bundle.json BK107"]


def test_run_over_some_bundles_leaves_the_others_known(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    run("--write-baseline", code=0, capsys=capsys)
    make_own(here / "c", ttl=0)
    _, err = run("--write-baseline", "c", code=0, capsys=capsys)
    assert "gone" not in err
    assert findings(here / "known.json") == ["a/bundle.json BK102", "b/bundle.json BK107", "c/bundle.json BK107"]


def test_paths_do_not_depend_on_where_it_is_run(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("--write-baseline", code=0, capsys=capsys)
    (here / "link").symlink_to("a")
    monkeypatch.chdir(here / "a")
    for place in (".", "bundle.json", str(here / "b"), "../link"):
        assert main(["validate", "--baseline", "../known.json", place]) == 0


def test_archives_and_json_go_with_a_baseline(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    archive(here / "a.tar.gz", here / "a")
    run("--write-baseline", "a.tar.gz", code=0, capsys=capsys)
    assert findings(here / "known.json") == ["a.tar.gz/bundle.json BK102"]
    out, _ = run("--format", "json", "a.tar.gz", "b", code=1, capsys=capsys)
    assert json.loads(out)["summary"]["errors"] == 1


@pytest.mark.parametrize(
    ("content", "arguments", "told"),
    [
        (None, [], "error: there is no known.json\n hint: --write-baseline makes it"),
        ("{}", [], 'error: known.json is not a baseline: it has no list "findings"'),
        ("[", ["--write-baseline"], "error: known.json is not a baseline: it is not JSON"),
    ],
)
def test_bad_baseline_is_told_before_anything_is_checked(
    content: str | None, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    if content is not None:
        (here / "known.json").write_text(content)
    out, err = run(*arguments, code=2, capsys=capsys)
    assert out == ""
    assert told in err
    assert content is None or (here / "known.json").read_text() == content


def test_write_baseline_needs_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--write-baseline"]) == 2
    assert "--write-baseline needs --baseline FILE" in capsys.readouterr().err


def test_folder_that_is_not_there_is_told_after_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--baseline", "no/known.json", "--write-baseline"]) == 3
    assert "error: cannot write no/known.json" in capsys.readouterr().err


def test_baseline_in_the_documentation_is_one() -> None:
    from bundlekit.lint.baseline import read, written

    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    shown = page.split("```json\n")[1].split("```")[0]
    assert written(read(shown)) == shown
