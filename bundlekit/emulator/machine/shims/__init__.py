"""Programs that the machine has in place of the host's: some need more users than one, some this host may not have."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
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
    transfer = {f"box-{name}": _launcher(package, "transfer", name, libraries()) for name in ("scp", "sftp-server")}
    return {**shell, **{name: _launcher(package, module, name) for name, module in in_python.items()}, **transfer}


def libraries() -> list[str]:
    """Where asyncssh lies, and what it needs beside it."""
    found = find_spec("asyncssh")
    return [str(Path(found.origin).parents[1])] if found and found.origin else []


def _launcher(package: Path, module: str, name: str, more: Sequence[str] = ()) -> str:
    code = (
        f"import sys; sys.path += {[str(package.parent), *more]!r}; "
        f"from bundlekit.emulator.machine.shims.{module} import main; sys.exit(main({name!r}, sys.argv[1:]))"
    )
    return f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -ISB -c {shlex.quote(code)} "$@"\n'
