"""Which share of many cases a run of the tests takes.

The share goes by the commit that is checked out: all runs of a commit are the same, and a few commits have tried
all cases. `BUNDLEKIT_SEED=...` has the share of another commit, and `BUNDLEKIT_ALL=yes` has no share.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

Case = TypeVar("Case")
Way = TypeVar("Way")


@cache
def seed() -> str:
    """`BUNDLEKIT_SEED` of the environment, or the first digits of the commit, or 1 where there is none."""
    if given := os.environ.get("BUNDLEKIT_SEED"):
        return given
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "1"


def turn(choices: int) -> int:
    """The number of the choice whose turn it is with this seed, from 0."""
    return int.from_bytes(hashlib.sha256(seed().encode()).digest(), "big") % choices


def share(cases: Sequence[Case], of: int, *, after: int = 0) -> list[Case]:
    """One in so many cases: the one whose turn it is, and each `of`-th after it. All of them where they are asked for.

    Args:
        cases: all.
        of: the number of shares.
        after: how many shares after the one whose turn it is.
    """
    assert len(cases) >= of, "one of the shares would be empty, and its run would test nothing"
    return list(cases) if os.environ.get("BUNDLEKIT_ALL") else list(cases[(turn(of) + after) % of :: of])


def in_turn(ways: Sequence[Way], cases: Sequence[Case]) -> list[tuple[Way, Case]]:
    """Each case in one of some ways, which take turns: each run has all cases and all ways. Or each in all of them.

    Args:
        ways: of trying a case, such as by whom; not more than there are cases.
        cases: all.
    """
    assert len(cases) >= len(ways), "a run would leave out a way"
    if os.environ.get("BUNDLEKIT_ALL"):
        return [(way, case) for way in ways for case in cases]
    return [(ways[(turn(len(ways)) + number) % len(ways)], case) for number, case in enumerate(cases)]


def examples(number: int) -> int:
    """How many of so many examples Hypothesis makes in a run: a third, others for each commit; or all."""
    return number if os.environ.get("BUNDLEKIT_ALL") else number // 3
