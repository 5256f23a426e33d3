"""Python 2.7 as bundles are started with it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bundlekit.shipped import sdk
from tests.source.python_2 import interpreter


@dataclass(frozen=True)
class Python:
    """Python 2.7, and the SDK as it has compiled it: to do so anew takes longer than all else of a start."""

    program: Path
    sdk: Path


def python_with_sdk(folder: Path) -> Python:
    """Compile the SDK in a folder."""
    made = Python(interpreter(folder), folder / "sdk")
    shutil.copytree(sdk(), made.sdk)
    subprocess.run([made.program, "-m", "compileall", "-q", made.sdk], check=True, capture_output=True)
    return made
