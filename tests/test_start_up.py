"""What a start costs: heavy libraries are imported by what uses them, not by every command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bundlekit.cli.summaries import SUMMARIES

HEAVY = [
    "ClusterShell",
    "cookiecutter",
    "jinja2",
    "jsonschema",
    "paramiko",
    "rich",
    "scp",
    "tree_sitter",
    "aiohttp",
    "aiomqtt",
    "yaml",
]

TELL = """
import sys
from bundlekit.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:  # of a completion
    code = end.code
loaded = {name.partition(".")[0] for name in sys.modules}
print("loaded:", *sorted(loaded), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("line", [["--version"], ["--help"], *([verb, "--help"] for verb in SUMMARIES)], ids=" ".join)
def test_telling_about_itself_loads_nothing_heavy(line: list[str]) -> None:
    run = subprocess.run([sys.executable, "-c", TELL, *line], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split("loaded:")[1].split())
    assert run.stdout
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("line", [["--version"], ["--help"], []], ids=["version", "help", "completion"])
def test_what_lists_the_verbs_loads_none(line: list[str]) -> None:
    asked = (
        {"_BUNDLEKIT_COMPLETE": "bash_complete", "COMP_WORDS": "bundlekit re", "COMP_CWORD": "1"} if not line else {}
    )
    run = subprocess.run(
        [sys.executable, "-c", TELL.replace('name.partition(".")[0]', "name"), *line],
        capture_output=True,
        text=True,
        env={**os.environ, **asked},
        check=True,
    )
    loaded = set(run.stderr.split("loaded:")[1].split())
    assert not [name for name in loaded if name.startswith("bundlekit.cli.commands")]
    assert loaded.isdisjoint({"asyncio", "ssl", "subprocess"})
    assert line or {"remove", "restart", "releases"} <= set(run.stdout.replace(",", " ").split())
