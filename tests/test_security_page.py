"""Each sentence of docs/security.md names the tests that hold it, and those exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PAGE = ROOT / "docs" / "security.md"
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


@cache
def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _rows() -> list[list[str]]:
    """The cells of each row below a head `Sentence | Rests on | Tests`."""
    rows, inside = [], False
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells == ["Sentence", "Rests on", "Tests"]:
            inside = True
        elif inside and not set(line) <= {"|", "-"}:
            rows.append(cells)
    return rows


def test_security_page_names_a_test_for_each_sentence() -> None:
    rows = _rows()
    assert len(rows) > 30
    assert [row for row in rows if len(row) != 3 or not _TEST.search(row[2])] == []


def test_security_page_names_tests_that_exist() -> None:
    named = [found for row in _rows() for found in _TEST.findall(row[2])]
    assert [f"{file}::{test}" for file, test in named if test not in _tests_of(file)] == []
