"""Faults that are put into bundles of the field's kind are found, each alone; in the bundles themselves nothing is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import selection
from tests.lint.bundles import bundle
from tests.lint.planted import BUNDLES, FieldBundle, Plant

PLANTS = [
    pytest.param(one, plant, id=f"{name}-{plant.code}-{number}")
    for name, one in BUNDLES.items()
    for number, plant in enumerate(one.plants)
]


def told(fields: dict[str, object], files: dict[str, str]) -> list[tuple[str, str]]:
    findings = check(bundle(files, **fields))
    return [(one.code, one.excerpt.strip()) for one in findings]


def planted(files: dict[str, str], plant: Plant) -> Iterator[tuple[str, str]]:
    assert sum(text.count(plant.right) for text in files.values()) == 1
    for path, text in files.items():
        yield path, text.replace(plant.right, plant.wrong)


@pytest.mark.parametrize("one", BUNDLES.values(), ids=BUNDLES)
def test_nothing_is_found_in_a_bundle_that_is_right(one: FieldBundle) -> None:
    assert told(one.fields, one.files) == []


@pytest.mark.parametrize(("one", "plant"), PLANTS)
def test_fault_is_found_and_nothing_else(one: FieldBundle, plant: Plant) -> None:
    found = told(one.fields, dict(planted(one.files, plant)))
    assert [code for code, _ in found] == [plant.code]
    assert (plant.line or plant.wrong.strip().splitlines()[0]) in found[0][1]


def fixed(one: FieldBundle, plant: Plant, line_end: str = "\n") -> tuple[str, int]:
    """The index.py after the fixes, and what is found in the bundle then."""
    files = {path: text.replace("\n", line_end) for path, text in planted(one.files, plant)}
    after = fix(bundle(files, **one.fields), selection(), unsafe=True)
    return after.bundle.files.read("index.py").decode().replace(line_end, "\n"), len(check(after.bundle))


# what stands there, and what does after the fixes
FIXES = {
    'if room_id == "1":': ("if room_id == 1:", 'if room_id == "1":'),
    'message.param["id"] not in ("1", "2"):': (
        'message.param["id"] not in ( 1,  20 ):',
        'message.param["id"] not in ( "1",  "20" ):',
    ),
    'code=404, data={"message": str(e)})': ("404, data=e)", '404, data={"message": str(e)})'),
    '{"message": str(e)})': ('{"é": "é", "all": [e, dict(a=e)]})', '{"é": "é", "all": [str(e), dict(a=str(e))]})'),
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("right", FIXES)
def test_fix_of_index_changes_nothing_else(right: str, line_end: str) -> None:
    one = BUNDLES["thermostat"]
    wrong, mended = FIXES[right]
    text, left = fixed(one, Plant("", right, wrong), line_end)
    assert (text, left) == (one.files["index.py"].replace(right, mended), 0)


@pytest.mark.parametrize("wrong", ["FIRST", "0x1", "1L", "01", "-1", "range(3)"])
def test_number_that_is_not_plain_is_not_mended(wrong: str) -> None:
    right = 'if room_id == "1":'
    one = BUNDLES["thermostat"]
    plant = Plant("", right, f"if room_id {'in' if '(' in wrong else '=='} {wrong}:")
    assert fixed(one, plant) == (one.files["index.py"].replace(right, plant.wrong), 1)
