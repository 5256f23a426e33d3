"""The Pythons on this machine that bundles can be run under."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.box.base import base


def current() -> dict[str, str]:
    """Those that bundlekit itself supports, by version; at least the one that runs the tests."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for version in ("3.11", "3.12", "3.13"):
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        on_path = shutil.which(f"python{version}")
        if installed:
            found.setdefault(version, str(installed[-1]))
        elif on_path:
            found.setdefault(version, on_path)
    return found


def python_2(folder: Path, *, with_sdk: bool = False) -> Path:
    """The Python 2.7 of the test gateway, to be run on this machine.

    Args:
        folder: where it is put together.
        with_sdk: whether the SDK is installed for it, as on a gateway.
    """
    root = base().root
    library = folder / "lib/python2.7"
    library.mkdir(parents=True)
    for entry in (root / "usr/lib/python2.7").iterdir():
        if with_sdk or entry.name != "dist-packages":
            (library / entry.name).symlink_to(entry)
    python = folder / "python2.7"
    python.write_text(f'#!/bin/sh\nPYTHONHOME={folder} exec {root}/usr/bin/python2.7 "$@"\n')
    python.chmod(0o755)
    return python
