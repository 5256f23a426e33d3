"""Settings: what files of them say, where they are looked for, and what is told of those that make no sense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bundlekit.errors import BadUsage, BundlekitError, Unreadable
from bundlekit.lint import Severity
from bundlekit.lint.selection import selection
from bundlekit.lint.settings import NearestSettings, Settings, read_settings

SAID = """\
select = ["BK1", "undeclared-resource"]
ignore = ["BK104"]
fail-on = "warning"
severity = { BK302 = "error", BK105 = "off" }
per-path-ignores = { "legacy/" = ["BK1"] }
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, name: str = "bundlekit.toml") -> Settings:
    Path(name).write_text(text)
    return read_settings(Path(name))


@pytest.mark.parametrize("name", ["bundlekit.toml", "pyproject.toml", "shared.toml"])
def test_settings_are_those_that_the_file_says(name: str) -> None:
    table = "" if name != "pyproject.toml" else '[project]\nname = "x"\n[tool.bundlekit]\n'
    settings = read(table + SAID, name)
    chosen = selection(settings.choice)
    assert {"BK101", "BK302"} < chosen.severities.keys()
    assert not {"BK104", "BK105", "BK303"} & chosen.severities.keys()
    assert chosen.severities["BK302"] is Severity.ERROR
    assert chosen.fail_on is Severity.WARNING


def test_deploy_may_ask_to_be_confirmed_by_writing() -> None:
    assert read("[deploy]\nverify-write = true").verify_write
    assert read("[tool.bundlekit.deploy]\nverify-write = true", "pyproject.toml").verify_write
    assert not read("").verify_write
    assert not read("[deploy]").verify_write
    assert not read("[deploy]\nverify-write = false").verify_write


def test_inventory_is_a_file_from_the_folder_of_the_settings() -> None:
    settings = read('inventory = "all/gateways.ini"')
    assert settings.inventory == settings.file.parent / "all/gateways.ini"
    assert read('inventory = "/gateways.ini"').inventory == Path("/gateways.ini")
    assert read("").inventory is None
    assert read('signers = "keys/allowed_signers"').signers == settings.file.parent / "keys/allowed_signers"


def test_empty_settings_choose_nothing() -> None:
    assert selection(read("").choice) == selection()


# files, and which of them counts in a/b/c
NEAREST: dict[str, tuple[dict[str, str], str | None]] = {
    "none": ({}, None),
    "in the folder itself": ({"a/b/c/bundlekit.toml": "", "a/bundlekit.toml": ""}, "a/b/c/bundlekit.toml"),
    "the nearest above": ({"bundlekit.toml": "", "a/pyproject.toml": "[tool.bundlekit]"}, "a/pyproject.toml"),
    "its own file before pyproject": (
        {"a/pyproject.toml": "[tool.bundlekit]", "a/bundlekit.toml": ""},
        "a/bundlekit.toml",
    ),
    "pyproject of somebody else": (
        {"a/pyproject.toml": '[tool.other]\nwith = "bundlekit"', "bundlekit.toml": ""},
        "bundlekit.toml",
    ),
    "broken pyproject that does not name it": ({"a/pyproject.toml": "[[[", "bundlekit.toml": ""}, "bundlekit.toml"),
    "beside": ({"a/x/bundlekit.toml": ""}, None),
}


@pytest.mark.parametrize(("files", "expected"), NEAREST.values(), ids=NEAREST)
def test_nearest_settings_count(files: dict[str, str], expected: str | None, here: Path) -> None:
    for folder in ("a/b/c", "a/x"):
        (here / folder).mkdir(parents=True)
    for name, text in files.items():
        (here / name).write_text(text)
    nearest = NearestSettings()
    for _ in range(2):  # the second time from what is known
        settings = nearest.of(here / "a" / "b" / "c")
        assert (settings.file if settings else None) == (here / expected if expected else None)


def test_bad_settings_are_the_same_error_wherever_they_count(here: Path) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
    (here / "bundlekit.toml").write_text("nonsense = 1")
    nearest = NearestSettings()
    told: list[BundlekitError] = []
    for folder in ("a", "b", "a"):
        with pytest.raises(BadUsage) as raised:
            nearest.of(here / folder)
        told.append(raised.value)
    assert told[0] is told[1] is told[2]


# text of bundlekit.toml, and what is told behind its name
WRONG: dict[str, tuple[str, str, str]] = {
    "no TOML": ('\nselect = ["BK1"', ": not TOML: ", ""),
    "no TOML in a line": ("\nselect BK1\n", ":2: not TOML: ", ""),
    "unknown key": (
        'fail-on = "error"\n\nselct = ["BK1"]\n',
        ':3: there is no setting "selct"',
        "did you mean select?",
    ),
    "deploy that is no table": ("deploy = true", ":1: deploy is ", ""),
    "other key of deploy": ("[deploy]\nverify = true", ':2: there is no setting "verify" in deploy', "verify-write"),
    "sigstore without an issuer": ('sigstore = { identity = "a" }', ":1: sigstore has no issuer", "both"),
    "sigstore of somebody": (
        'sigstore = { issuer = "a", name = "b" }',
        ':1: there is no setting "name" in sigstore',
        "issuer",
    ),
    "empty identity": ('sigstore = { identity = "" }', ":1: identity in sigstore is", ""),
    "number for an inventory": ("inventory = 1", ":1: inventory is 1, expected a file", "gateways.ini"),
    "word for a truth": ('[deploy]\nverify-write = "yes"', ':2: verify-write is "yes", expected true or false', ""),
    "key like none": ("colour = 1", ':1: there is no setting "colour"', "expected some of select, ignore"),
    "unknown rule": ('# so\nignore = ["BK1", "no-metods"]', ':2: there is no rule "no-metods"', "no-methods?"),
    "unknown rule in a long list": (
        'fail-on = "info"\nselect = [\n  "BK1",\n  "BK9O9",\n]\n',
        ':2: there is no rule "BK9O9"',
        "",
    ),
    "codes in a string": ('select = "BK1"', ':1: select is "BK1", expected a list of codes', 'select = ["BK302"]'),
    "codes that are numbers": ("ignore = [1]", ":1: ignore is an array, expected a list of codes", ""),
    "severity of nothing": ('severity = "error"', ':1: severity is "error", expected a table', ""),
    "severity of another type": ("[severity]\nBK1 = true", ":2: BK1 is true, expected a severity", ""),
    "severity that is a date": ("[severity]\nBK1 = 2020-01-01", ":2: BK1 is 2020-01-01, expected a severity", ""),
    "unknown severity": ('[severity]\nBK1 = "bad"', ':2: there is no severity "bad"', "one of error"),
    "rule without severity": ('[severity]\nBK7 = "info"', ':2: there is no rule "BK7"', ""),
    "fail on nothing": ('fail-on = "off"', ":1: fail-on cannot be off", ""),
    "fail on a number": ("fail-on = 1.5", ":1: fail-on is 1.5, expected a severity", ""),
    "no pattern": ('[per-path-ignores]\n"a" = ["BK1"]\n"!" = ["BK1"]', ':3: "!" is not a pattern', ""),
    "paths in a list": ("per-path-ignores = []", ":1: per-path-ignores is an array, expected a table", ""),
    "codes of a path": ('[per-path-ignores]\n"a" = "BK1"', ':2: a is "BK1", expected a list of codes', ""),
}


@pytest.mark.parametrize(("text", "told", "hint"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_told_with_its_line(text: str, told: str, hint: str) -> None:
    with pytest.raises(BadUsage) as raised:
        read(text)
    assert raised.value.message.startswith(f"bundlekit.toml{told}")
    assert hint in (raised.value.hint or "")


def test_line_in_pyproject_is_counted_from_its_beginning() -> None:
    with pytest.raises(BadUsage, match=r'^pyproject\.toml:5: there is no rule "BK7"'):
        read('[project]\nname = "x"\n\n[tool.bundlekit]\nselect = ["BK7"]\n', "pyproject.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[project]\n", "has no [tool.bundlekit]"),
        ("tool = 1 # bundlekit", "has no [tool.bundlekit]"),
        ("tool.bundlekit = 1", "tool.bundlekit is 1, expected a table"),
    ],
)
def test_pyproject_without_settings_that_is_asked_for_is_told(text: str, told: str) -> None:
    with pytest.raises(BadUsage) as raised:
        read(text, "pyproject.toml")
    assert told in raised.value.message


def test_hostile_files_are_refused_without_waiting(here: Path) -> None:
    (here / "folder.toml").mkdir()
    os.mkfifo(here / "pipe.toml")
    (here / "loop.toml").symlink_to("loop.toml")
    for name in ("folder.toml", "pipe.toml", "loop.toml"):
        with pytest.raises(Unreadable):
            read_settings(here / name)
    for text in ("a = " + "[" * 100_000, "#" * (1024 * 1024 + 1), "x = 1\n" * 3):
        with pytest.raises(BadUsage):
            read(text)
    (here / "bytes.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(BadUsage, match="not TOML"):
        read_settings(here / "bytes.toml")
