"""`bundlekit schema` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bundlekit.cli import main
from bundlekit.shipped import manifest_schema

URL = "https://example.com/bundle.schema.json"
TEXT = manifest_schema().read_text(encoding="utf-8")


def run(*arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    assert main(["schema", *arguments]) == code
    return capsys.readouterr()


def test_schema_is_printed_as_it_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(code=0, capsys=capsys) == (TEXT, "")


def test_schema_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--output", str(tmp_path / "schema"), code=0, capsys=capsys) == ("", "")
    assert (tmp_path / "schema").read_text(encoding="utf-8") == TEXT


def test_published_schema_is_called_by_its_address_and_is_else_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(run("--url", URL, code=0, capsys=capsys)[0])
    Draft7Validator.check_schema(schema)
    assert schema == {**json.loads(TEXT), "$id": URL}


def test_entry_of_a_catalog_has_what_schemastore_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    entry = json.loads(run("--catalog", "--url", URL, code=0, capsys=capsys)[0])
    assert entry.pop("description").startswith("bundle.json: ")
    assert entry == {"name": "ThingsPro bundle", "fileMatch": ["bundle.json"], "url": URL, "versions": {"1": URL}}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--catalog"], 2, "--catalog needs --url"),
        (["--url", "example"], 2, "--url example is not a web address"),
        (["--output", "nowhere/schema"], 3, "cannot write nowhere/schema: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(*arguments, code=code, capsys=capsys)
    assert out == ""
    assert told in err
