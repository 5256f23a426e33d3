"""What a start costs: heavy libraries are imported by what uses them, not by every command."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bundlekit.cli.main import VERBS

HEAVY = ["cookiecutter", "jinja2", "jsonschema", "paramiko", "rich", "scp", "tree_sitter", "aiohttp", "aiomqtt", "yaml"]

TELL = """
import sys
from bundlekit.cli import main
code = main(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules}
print("loaded:", *sorted(loaded), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("line", [["--version"], ["--help"], *([verb, "--help"] for verb in VERBS)], ids=" ".join)
def test_telling_about_itself_loads_nothing_heavy(line: list[str]) -> None:
    run = subprocess.run([sys.executable, "-c", TELL, *line], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split("loaded:")[1].split())
    assert run.stdout
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_help_loads_no_verb_but_those_it_lists_by_name() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bundlekit", "--version"], capture_output=True, text=True, check=True
    )
    verbs = [verb for verb in VERBS if f"bundlekit.cli.commands.{verb}\n" in run.stderr]
    assert verbs == []
