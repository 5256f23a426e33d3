"""Debian's Neovim as a client, with the settings in docs/editor.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import selection
from tests.lsp.conftest import write_bundle
from tests.lsp.test_diagnostics import with_undeclared

DOCS = Path(__file__).parents[2] / "docs/editor.md"


def neovim(file: Path, tmp_path: Path, action: str = "") -> list[dict[str, Any]]:
    """Open a file, choose a code action at the first finding, and write all files; the findings that were shown."""
    blocks = re.findall(r"```lua\n(.*?)```", DOCS.read_text(), re.DOTALL)
    config = tmp_path / "init.lua"
    settings = "".join(block for block in blocks if "vim.lsp.config" not in block)  # that is for 0.11
    assert "params, 2000)" in settings
    config.write_text(settings.replace("params, 2000)", "params, 60000)"))  # a busy machine takes longer
    seen = tmp_path / "seen.json"
    subprocess.run(
        ["nvim", "--headless", "-n", "-i", "NONE", "-u", config, "-S", Path(__file__).with_name("drive.lua"), file],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path),
            "ACTION": action,
            "SEEN": str(seen),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=120,
    )
    told = json.loads(seen.read_text())
    assert told["ok"], told["seen"]
    return list(told["seen"])


def test_finding_is_shown_and_its_action_changes_another_file(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "example bundle")
    text = with_undeclared(folder)
    (folder / "index.py").write_text(text)
    seen = neovim(folder / "index.py", tmp_path, "Declare /other in bundle.json")
    line = text[: text.index("/other")].count("\n")
    assert seen == [{"line": line, "column": 35, "code": "BK302"}]
    assert check(Bundle.in_folder(folder)) == ()
    resources = json.loads((folder / "bundle.json").read_text())["resources"]
    assert resources[-1] == {"methods": ["get"], "resource": "/other"}


def test_written_file_is_fixed(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "example", resources=[{"methods": ["get", "put", "get"], "resource": "/example"}])
    expected = fix(Bundle.in_folder(folder), selection()).contents["bundle.json"][1]
    before = check(Bundle.in_folder(folder))
    seen = neovim(folder / "bundle.json", tmp_path)
    assert [one["code"] for one in seen] == [one.code for one in before if one.file.endswith("bundle.json")]
    assert (folder / "bundle.json").read_bytes().rstrip(b"\n") == expected.rstrip(b"\n")
