"""The templates of bundles without a record, and which of them made a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.scaffold.earlier import earlier_templates, likely_base
from bundlekit.scaffold.questions import Author, checked, completed
from bundlekit.scaffold.template import render_bundle
from bundlekit.scaffold.template_record import tree_of

ANSWERS = completed(checked({"name": "lamp", "resources": ["/lamp:get,put", "/lamp/:id:get,delete"]}), Author())
# As git names them, which cannot be changed any more: index.py and README.md of each.
BLOBS = [("9d60584b", "4d40e710"), ("6c5c3ab5", "4d40e710"), ("6c5c3ab5", "0474c06b"), ("6c5c3ab5", "89af8b9f")]


@pytest.fixture(scope="module")
def templates() -> Iterator[list[Path]]:
    with earlier_templates() as found:
        yield found


def blob(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()[:8]


def test_earlier_templates_are_those_that_were_released(templates: list[Path]) -> None:
    folders = [template / "{{cookiecutter.name}}" for template in templates]
    assert [(blob(folder / "index.py"), blob(folder / "README.md")) for folder in folders] == BLOBS


@pytest.mark.parametrize("number", range(len(BLOBS)))
def test_template_that_made_a_bundle_is_found_again(number: int, templates: list[Path], tmp_path: Path) -> None:
    """Though the user has changed a line in each file that is in all of them."""
    folder = render_bundle(ANSWERS, tmp_path, templates[number])
    base = tree_of(folder)
    for name in ("index.py", "README.md", "bundle.json"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join([*lines[:5], b"mine\n", *lines[6:]]))
    assert likely_base(Bundle.in_folder(folder), ANSWERS) == base
