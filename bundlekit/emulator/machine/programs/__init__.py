"""Programs that the machine has in place of the host's, which need more users than one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def texts(package: Path) -> dict[str, str]:
    """All of them, by name, as scripts.

    Args:
        package: the folder of bundlekit, as the machine sees it.
    """
    shell = {file.stem: file.read_text() for file in _FOLDER.glob("*.sh")}
    in_python = {
        "sudo": "sudo",
        "su": "su",
        "chown": "chown",
        "chgrp": "chown",
        "reboot": "power",
        "shutdown": "power",
        "poweroff": "power",
        "halt": "power",
    }
    return {**shell, **{name: _launcher(package, module, name) for name, module in in_python.items()}}


def _launcher(package: Path, module: str, name: str) -> str:
    code = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
        f"from bundlekit.emulator.machine.programs.{module} import main; sys.exit(main({name!r}, sys.argv[1:]))"
    )
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -ISB -c {shlex.quote(code)} "$@"\n'
