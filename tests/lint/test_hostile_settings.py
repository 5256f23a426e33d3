"""Files that say how a bundle is checked and packed: whatever is in them, they are read or refused in time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bundlekit.errors import BadUsage, Refused
from bundlekit.lint import baseline, check
from bundlekit.lint.baseline import Baseline
from bundlekit.lint.selection import selection
from bundlekit.lint.settings import read_settings
from bundlekit.pack.contents import select
from tests.lint.bundles import bundle

pytestmark = pytest.mark.timeout(60)

# what a bundlekit.toml says, and what is told of it
SETTINGS: dict[str, tuple[str, str]] = {
    "number too long to be read": ("x = " + "1" * 5000, "not TOML"),
    "key of many parts": ("a" + ".a" * 20_000 + " = 1", "more dots"),
    "table of many parts": ("[a" + ".a" * 400_000 + "]", "more dots"),
    "deep array": ("x = " + "[" * 100_000, "not TOML"),
    "deep table": ("x = " + "{a=" * 100_000, "not TOML"),
    "many keys": ("".join(f"k{n} = 1\n" for n in range(60_000)), "no setting"),
    "many tables": ("[[a]]\n" * 100_000, "no setting"),
    "long statement before many lines": (
        "select = [" + '"BK1",' * 100_000 + "]\n" + "#\n" * 500 + "fail-on = 1\n",
        "expected a severity",
    ),
    "many patterns": ("[per-path-ignores]\n" + "".join(f'"{n}" = []\n' for n in range(30_000)), "at most 1000"),
    "more than a mebibyte": ("#" * 1024 * 1024 + "\n", "larger than"),
}


@pytest.mark.parametrize(("text", "told"), SETTINGS.values(), ids=SETTINGS)
def test_hostile_settings_are_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bundlekit.toml"
    file.write_text(text)
    with pytest.raises(BadUsage, match=told) as refusal:
        read_settings(file)
    assert len(refusal.value.message) < 500 + len(str(file))


def test_hostile_pattern_of_paths_comes_to_an_end(tmp_path: Path) -> None:
    file = tmp_path / "bundlekit.toml"
    file.write_text(f'[per-path-ignores]\n"{"*a" * 50}*b" = ["BK3"]\n')
    (ignored,) = read_settings(file).path_ignores(tmp_path / ("a" * 200), tmp_path)
    assert not ignored.covers("BK304", "index.py")


# a .bundleignore, and what packing says
IGNORES: dict[str, tuple[Callable[[], bytes], str]] = {
    "large": (lambda: b"a" * 100_000, "more than 64 KiB"),
    "many lines": (lambda: b"a\n" * 20_000, "1000 lines"),
    "no pattern": (lambda: b"[z-a]" * 1000 + b"\n!\n", "is not a pattern"),
}


@pytest.mark.parametrize(("content", "told"), IGNORES.values(), ids=IGNORES)
def test_hostile_list_of_what_stays_out_is_refused(content: Callable[[], bytes], told: str) -> None:
    made = bundle({".bundleignore": content()})
    with pytest.raises(Refused, match=told) as refusal:
        select(made)
    assert len(refusal.value.message) < 200
    assert check(made) == ()


def test_stars_in_what_stays_out_come_to_an_end() -> None:
    made = bundle({".bundleignore": "*a" * 50 + "*b", "a" * 250: b""})
    assert "a" * 250 in {entry.path for entry in select(made).entries}


BASELINES = [
    "[" * 100_000,
    '{"version": 1, "findings": [{"file": "f", "code": "BK101", "line": "", "times": ' + "9" * 5000 + "}]}",
    '{"version": 1, "findings": ' + '[{"findings":' * 50_000,
    '{"version": 1e999, "findings": []}',
]


@pytest.mark.parametrize("text", BASELINES, ids=range(len(BASELINES)))
def test_hostile_baseline_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        baseline.read(text)


def test_hundreds_of_thousands_of_known_findings_are_compared() -> None:
    items = ",".join(f'{{"file": "x/{n}", "code": "BK101", "pointer": "/{n}"}}' for n in range(100_000))
    known = Baseline(baseline.read(f'{{"version": 1, "findings": [{items}]}}'))
    made = bundle(version=1)
    assert known.new("x", made, check(made), selection())
    assert known.gone.total() == 100_000
    assert 0 < known.renewed.total() < 100_000
