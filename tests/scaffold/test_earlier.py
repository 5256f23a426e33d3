"""The templates of bundles without a record, and which of them made a bundle."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.scaffold.earlier import earlier_templates, likely_base
from bundlekit.scaffold.questions import Author, checked, completed
from bundlekit.scaffold.template import render_bundle
from bundlekit.scaffold.template_record import tree_of

ANSWERS = completed(checked({"name": "lamp", "resources": ["/lamp:get,put", "/lamp/:id:get,delete"]}), Author())
# The ids of the trees of templates/bundle as they were released, which cannot be changed any more.
TREES = ["038b7d6c", "bb405567", "fb6e3d3e", "e5debeb0"]


@pytest.fixture(scope="module")
def templates() -> Iterator[list[Path]]:
    with earlier_templates() as found:
        yield found


def tree_id(folder: Path, scratch: Path) -> str:
    """What git calls a folder with all that is in it, but for what Python has compiled when it was rendered."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_DIR": str(scratch), "GIT_WORK_TREE": str(folder)}
    for command in (["init", "-q"], ["add", "--all", "--force", "--", ".", ":(exclude)*__pycache__*"], ["write-tree"]):
        done = subprocess.run(
            ["git", *command], cwd=folder, env=environment, check=True, capture_output=True, text=True
        )
    return done.stdout[:8]


def test_earlier_templates_are_those_that_were_released(templates: list[Path], tmp_path: Path) -> None:
    assert [tree_id(template, tmp_path / template.name) for template in templates] == TREES


@pytest.mark.parametrize("number", range(len(TREES)))
def test_template_that_made_a_bundle_is_found_again(number: int, templates: list[Path], tmp_path: Path) -> None:
    """Though the user has changed a line in each file that is in all of them."""
    folder = render_bundle(ANSWERS, tmp_path, templates[number])
    base = tree_of(folder)
    for name in ("index.py", "README.md", "bundle.json"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join([*lines[:5], b"mine\n", *lines[6:]]))
    assert likely_base(Bundle.in_folder(folder), ANSWERS) == base
