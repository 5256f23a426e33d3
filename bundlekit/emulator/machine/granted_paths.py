"""The paths that root has given to the user of a machine, kept on its disk."""

from __future__ import annotations

import json
from pathlib import Path

from bundlekit.emulator.machine import tree
from bundlekit.emulator.machine.ipc_messages import LARGEST
from bundlekit.emulator.machine.machine_spec import File
from bundlekit.emulator.machine.safe_open import read_safely

_FILE = Path("/var/lib/box/given")


def load_granted_paths() -> list[str]:
    """The paths that were given to the user; none where the file of them is damaged."""
    try:
        paths = json.loads(read_safely(str(_FILE), LARGEST))
    except (ValueError, RecursionError):
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def save_granted_paths(paths: list[str]) -> None:
    """Write them down."""
    new = _FILE.with_suffix(".new")
    tree.write_files([File(str(new), json.dumps(paths))])
    new.replace(_FILE)
