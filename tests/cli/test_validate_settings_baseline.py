"""The baseline and the gateway's API in the settings, for `validate`, `pack` and `deploy` alike."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from bundlekit.bundle import gateway_resources
from bundlekit.bundle.bundle import Bundle
from bundlekit.cli import main, precheck
from bundlekit.cli.archive import checked_archive
from bundlekit.cli.choice import Chosen
from bundlekit.errors import Refused
from bundlekit.lint.settings import Settings
from tests.box.host import as_root
from tests.cli.test_validate import make, make_own


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two bundles with an error, and settings that name a baseline."""
    make_own(tmp_path / "a", author={})
    make_own(tmp_path / "b", email=[])
    (tmp_path / "bundlekit.toml").write_text('baseline = "known.json"')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main([*arguments]) == code
    return capsys.readouterr()


def files(baseline: Path) -> set[str]:
    return {item["file"] for item in json.loads(baseline.read_text())["findings"]}


def test_baseline_of_the_settings_is_written_and_heeded(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("validate", "--write-baseline", code=0, capsys=capsys)
    assert files(here / "known.json") == {"a/bundle.json", "b/bundle.json"}
    out, err = run("validate", code=0, capsys=capsys)
    assert out == ""
    assert "baseline: 2 findings that known.json knows not shown\n" in err
    monkeypatch.chdir(here / "a")
    assert run("validate", code=0, capsys=capsys)[0] == ""
    assert "BK102" in run("validate", "--no-config", code=1, capsys=capsys)[0]


def test_each_bundle_has_the_baseline_of_its_own_settings(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "a" / "bundlekit.toml").write_text('baseline = "own.json"')
    run("validate", "--write-baseline", code=0, capsys=capsys)
    assert files(here / "a" / "own.json") == {"bundle.json"}
    assert files(here / "known.json") == {"b/bundle.json"}
    _, err = run("validate", code=0, capsys=capsys)
    assert "1 finding that a/own.json knows not shown" in err
    assert "1 finding that known.json knows not shown" in err


def test_baseline_on_the_command_line_goes_before(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    run("validate", "--baseline", "other.json", "--write-baseline", code=0, capsys=capsys)
    assert not (here / "known.json").exists()
    run("validate", "--baseline", "other.json", code=0, capsys=capsys)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "error: there is no known.json\n hint: --write-baseline"), ("{}", "error: known.json is not a baseline")],
)
def test_bad_baseline_in_the_settings_is_told_once(
    content: str | None, told: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    if content is not None:
        (here / "known.json").write_text(content)
    for verb in (["validate"], ["pack", "a"]):
        _, err = run(*verb, code=2, capsys=capsys)
        assert err.count(told) == 1
    assert not list(here.glob("*.tar.gz"))


@pytest.mark.parametrize("value", ["3", '""', "[]", "true", '"a\\u0000b"'])
def test_baseline_that_is_no_file_is_an_error(value: str, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "bundlekit.toml").write_text(f"baseline = {value}")
    assert "bundlekit.toml:1: baseline is " in run("validate", code=2, capsys=capsys)[1]


def test_pack_and_deploy_pass_what_is_known_and_refuse_what_is_new(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    run("validate", "a", "--write-baseline", code=0, capsys=capsys)
    _, err = run("pack", "a", code=0, capsys=capsys)
    assert "baseline: 1 finding that known.json knows not shown\n" in err
    assert "BK102" not in err
    with pytest.raises(Refused, match="b has 1 error"):
        checked_archive(here / "b")
    with pytest.raises(Refused, match="has 1 error"):  # in the archive it is another file, which nobody knows
        checked_archive(here / "a-1.0.0.tar.gz")
    run("validate", "a-1.0.0.tar.gz", "--write-baseline", code=0, capsys=capsys)
    assert checked_archive(here / "a-1.0.0.tar.gz")[0].name == "a"


def test_archive_that_is_replaced_during_its_check_is_not_used(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "bundlekit.toml").write_text("[severity]\nALL = 'info'\n")
    for name in "ab":
        run("pack", name, code=0, capsys=capsys)
    archive = here / "a-1.0.0.tar.gz"
    checked = archive.read_bytes()
    check = precheck.refuse_errors

    def replaced_meanwhile(bundle: Bundle, place: Path, chosen: Chosen) -> None:
        check(bundle, place, chosen)
        archive.write_bytes((here / "b-1.0.0.tar.gz").read_bytes())

    monkeypatch.setattr(precheck, "refuse_errors", replaced_meanwhile)
    assert checked_archive(archive)[0].data == checked


def test_what_is_said_to_tools_is_not_packed(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "a" / "pyproject.toml").write_text("[tool.bundlekit]\nbaseline = 'lint/known.json'")
    (here / "a" / "lint").mkdir()
    (here / "a" / "lib").mkdir()
    (here / "a" / "lib" / "pyproject.toml").touch()
    run("validate", "a", "--write-baseline", code=0, capsys=capsys)
    (here / "b" / "bundlekit.toml").write_text("ignore = ['ALL']")
    run("pack", "a", "-o", "1", code=0, capsys=capsys)
    run("pack", "b", "-o", "2", code=0, capsys=capsys)
    with (
        tarfile.open(here / "1" / "a-1.0.0.tar.gz") as first,
        tarfile.open(here / "2" / "b-1.0.0.tar.gz") as second,
    ):
        assert {name for name in first.getnames() if "toml" in name or "known" in name} == {"lib/pyproject.toml"}
        assert not any("toml" in name for name in second.getnames())
    _, err = run("pack", "a", "--list", code=0, capsys=capsys)
    assert "lint/known.json  (the baseline of bundlekit validate)" in err
    assert "pyproject.toml  (default: /pyproject.toml)" in err
    (here / "a" / ".bundleignore").write_text("!pyproject.toml")
    assert "  pyproject.toml" in run("pack", "a", "--list", code=0, capsys=capsys)[0]


def test_findings_of_rules_that_are_no_more_are_told_and_taken_out(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    run("validate", "--write-baseline", code=0, capsys=capsys)
    known = json.loads((here / "known.json").read_text())
    known["findings"].append({"file": "elsewhere/index.py", "code": "BK000", "line": "0123456789abcdef"})
    (here / "known.json").write_text(json.dumps(known))
    _, err = run("validate", code=0, capsys=capsys)
    assert "1 finding gone" in err
    assert "  elsewhere/index.py BK000: there is no such rule any more\n" in err
    run("validate", "--write-baseline", code=0, capsys=capsys)
    assert "BK000" not in (here / "known.json").read_text()
    assert "gone" not in run("validate", code=0, capsys=capsys)[1]


# The gateway's API


@pytest.fixture
def other_api(monkeypatch: pytest.MonkeyPatch) -> str:
    """A version of the API that has one resource."""
    monkeypatch.setitem(gateway_resources.GATEWAY_RESOURCES, "9", ("/example",))
    return "9"


def test_resources_of_the_chosen_api_are_taken(other_api: str, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make(here / "c")
    (here / "bundlekit.toml").unlink()
    run("validate", "c", code=0, capsys=capsys)
    (here / "bundlekit.toml").write_text(f'gateway-api = "{other_api}"')
    assert "BK401 overridden-resource" in run("validate", "c", code=1, capsys=capsys)[0]
    run("validate", "c", "--gateway-api", "2", code=0, capsys=capsys)
    assert "BK401" in run("pack", "c", code=1, capsys=capsys)[1]


def test_api_that_nobody_knows_is_told(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert "'7' is not" in run("validate", "--gateway-api", "7", code=2, capsys=capsys)[1]
    for value in ('"7"', "2", "[]"):
        (here / "bundlekit.toml").write_text(f"gateway-api = {value}")
        assert 'expected "2"' in run("validate", code=2, capsys=capsys)[1]


# Where the baseline of the settings may be


@pytest.mark.parametrize("value", ["../known.json", "a/../../known.json", "a/../known.json", "/tmp/known.json"])
def test_baseline_outside_of_the_settings_folder_is_refused(
    value: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "bundlekit.toml").write_text(f'baseline = "{value}"')
    for verb in (["validate"], ["validate", "--write-baseline"], ["pack", "a"]):
        _, err = run(*verb, code=2, capsys=capsys)
        assert "expected a file below the folder of the settings" in err
    assert not (here.parent / "known.json").exists()


@pytest.mark.parametrize("link", ["known.json", "a/deep"])
def test_baseline_behind_a_link_is_neither_read_nor_written(
    link: str, capsys: pytest.CaptureFixture[str], here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "known.json").write_text("theirs")
    (here / link).symlink_to(elsewhere if link == "a/deep" else elsewhere / "known.json")
    (here / "bundlekit.toml").write_text(f'baseline = "{link if link == "known.json" else link + "/known.json"}"')
    for verb in (["validate"], ["validate", "--write-baseline"]):
        _, err = run(*verb, code=2, capsys=capsys)
        assert err.count("is reached by a link") == 1
    assert (elsewhere / "known.json").read_text() == "theirs"


def test_baseline_that_others_can_write_is_refused(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    run("validate", "--write-baseline", code=0, capsys=capsys)
    (here / "known.json").chmod(0o666)
    for verb in (["validate"], ["validate", "--write-baseline"], ["pack", "a"]):
        _, err = run(*verb, code=2, capsys=capsys)
        assert err.count("is not safe: every user can write to") == 1
    run("validate", "--baseline", "known.json", code=0, capsys=capsys)  # the user names it


def test_link_that_comes_while_the_baseline_is_made_is_replaced(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "theirs").write_text("theirs")
    look = os.path.lexists

    def lexists(path: Path) -> bool:
        found = look(path)
        if Path(path).name == "known.json" and not found:
            monkeypatch.setattr(os.path, "lexists", look)
            monkeypatch.setattr(Settings, "check_baseline", lambda _: (here / "known.json").symlink_to("theirs"))
        return found

    monkeypatch.setattr(os.path, "lexists", lexists)
    run("validate", "--write-baseline", code=0, capsys=capsys)
    assert (here / "theirs").read_text() == "theirs"
    assert not (here / "known.json").is_symlink()
    assert files(here / "known.json") == {"a/bundle.json", "b/bundle.json"}


# Settings of somebody else


OFF = 'ignore = ["ALL"]'


def test_settings_of_another_user_are_left_out_and_told_once(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """They turned off all rules for everybody who worked below /tmp."""
    (here / "bundlekit.toml").write_text(OFF)
    as_root(["chown", "54321", here / "bundlekit.toml"])
    told = f"the settings in {here}/bundlekit.toml do not count: {here}/bundlekit.toml belongs to user 54321\n hint: "
    for verb in (["validate"], ["validate", "--fix"], ["validate", "a"], ["pack", "a"], ["pack", "a", "--list"]):
        _, err = run(*verb, code=1 if verb != ["pack", "a", "--list"] else 0, capsys=capsys)
        assert err.count("do not count") == 1
        assert told in err
    assert "BK102" in run("validate", code=1, capsys=capsys)[0]
    assert not list(here.glob("*.tar.gz"))


def test_settings_of_another_user_count_where_the_user_says_so(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "bundlekit.toml").write_text(OFF)
    as_root(["chown", "54321", here / "bundlekit.toml"])
    assert "BK102" not in run("validate", "--config", "bundlekit.toml", code=0, capsys=capsys)[0]
    assert run("validate", "--no-config", code=1, capsys=capsys)[1].count("do not count") == 0
    monkeypatch.setenv("BUNDLEKIT_SAFE_FOLDERS", str(here))
    _, err = run("validate", code=0, capsys=capsys)
    assert "do not count" not in err


def test_settings_further_up_count_where_nearer_ones_are_left_out(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "bundlekit.toml").write_text('severity = { BK102 = "off" }')
    (here / "a" / "bundlekit.toml").write_text('fail-on = "info"\nseverity = { BK102 = "error" }')
    (here / "a" / "bundlekit.toml").chmod(0o666)
    _, err = run("validate", "a", code=0, capsys=capsys)
    assert f"the settings in {here}/a/bundlekit.toml do not count: every user can write to" in err


@pytest.mark.parametrize("name", ["bundlekit.toml", "pyproject.toml"])
@pytest.mark.parametrize("kind", ["fifo", "broken link", "no bundlekit in it", "not TOML"])
def test_foreign_file_cannot_stop_a_check(kind: str, name: str, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "bundlekit.toml").unlink()
    if kind == "fifo":
        os.mkfifo(here / name)
    elif kind == "broken link":
        (here / name).symlink_to("nowhere")
    else:
        (here / name).write_text("[project]\n" if kind == "no bundlekit in it" else "bundlekit [[[")
    as_root(["chown", "-h", "54321", here / name])
    _, err = run("validate", code=1, capsys=capsys)
    assert ("do not count" in err) == (name == "bundlekit.toml" or kind == "not TOML")
