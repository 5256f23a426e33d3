"""The names of `import bundlekit`: all there, none of them loaded before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import bundlekit
from website import reference

ROOT = Path(__file__).parents[2]

IMPORT = """
import sys
before = set(sys.modules)
import bundlekit
assert bundlekit.__version__
print(*sorted(set(sys.modules) - before))
import bundlekit.pack.archive
from bundlekit import pack
assert pack is bundlekit.pack and callable(pack)
for name in bundlekit.__all__:
    assert getattr(bundlekit, name) is not None, name
print(*sorted(set(sys.modules) & {"click", "rich", "paramiko", "tree_sitter", "jsonschema"}))
"""


def test_import_loads_nothing_and_the_names_no_terminal() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    at_first, heavy = run.stdout.splitlines()
    assert {name.partition(".")[0] for name in at_first.split()} <= {"bundlekit"} | set(sys.stdlib_module_names)
    assert [name for name in at_first.split() if name.startswith("bundlekit")] == ["bundlekit"]
    assert "click" not in heavy.split()
    assert "rich" not in heavy.split()


def test_types_name_what_the_module_has() -> None:
    """mypy reads the imports, and Python the table."""
    tree = ast.parse((ROOT / "bundlekit/__init__.py").read_bytes())
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    names = {alias.name: node.module for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted([*names, "__version__"]) == sorted(bundlekit.__all__)
    for name, module in names.items():
        if name != "pack":
            assert f"bundlekit.{bundlekit._PLACES[name]}" == module
    assert not hasattr(bundlekit, "no_such_name")
    assert set(bundlekit.__all__) <= set(dir(bundlekit))


def test_collection_uses_no_part_of_the_command_line() -> None:
    files = (ROOT / "ansible_collections").rglob("*.py")
    assert [file.name for file in files if "bundlekit.cli" in file.read_text()] == []


def test_page_is_what_the_docstrings_say() -> None:
    assert reference.PYTHON_API.read_text("utf-8") == reference.python_api(), "run `python -m website.reference`"
    described = {name for names in reference._NAMES.values() for name in names}
    assert {*described, "__version__"} == set(bundlekit.__all__)
