"""Which share of the cases a run of the tests takes, where all of them would take hours.

The share goes by the commit that is checked out, so that each run of a commit is the same, and the runs of many commits
try other cases. Whatever fails names its seed.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


@cache
def seed() -> str:
    """`BUNDLEKIT_SEED` of the environment, or the number of the commit, or 1 where there is none."""
    if given := os.environ.get("BUNDLEKIT_SEED"):
        return given
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "1"


def turn(choices: int) -> int:
    """The number of the choice whose turn it is with this seed, from 0."""
    return int.from_bytes(seed().encode()) % choices
