"""`python -m tests.crash`: all states on gateways of all settings, or of some; one state again; or a fault."""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.crash.explore import Effort, Explorer, boot_one
from tests.crash.mends import MENDS, found_without
from tests.crash.recording import SETTINGS, Recording


def main() -> int:
    """Explore and tell.

    Returns:
        1 if something was wrong; with `--without`, if nothing was found.
    """
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--on", choices=SETTINGS, action="append", help="by default all")
    parser.add_argument(
        "--boots", type=int, help="at most so many of a recording, beside suspicious ones; by default all"
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the disks that are looked at")
    parser.add_argument("--product", type=Path, help="a checkout with another bundlekit/, such as one with a fault")
    parser.add_argument(
        "--without", choices=MENDS, action="append", help="see what this one is for, by a bundlekit without it"
    )
    parser.add_argument("--recording", type=Path, help="a folder, to boot one state of it again")
    parser.add_argument("--state", help="such as upgrade:12.1")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    # It stays, so that a state of it can be booted again.
    folder = Path(tempfile.mkdtemp(prefix="bundlekit-crash-"))
    if asked.recording:
        state, verdict = boot_one(Recording(asked.recording), asked.seed, asked.state, folder)
        print(f"{state}\ncomes to: {verdict.end}", *(state.wrong or verdict.wrong or ["nothing is wrong"]), sep="\n")
        return 1 if state.wrong or verdict.wrong else 0
    if asked.without:
        found = found_without(asked.without, asked.seed, folder)
        for name in asked.without:
            print(f"without {name}: {found.get(name, 'nothing was found')}")
        return 0 if len(found) == len(asked.without) else 1
    wrong = 0
    for name in asked.on or SETTINGS:
        began = time.monotonic()
        effort = replace(
            Effort(), boots=asked.boots, share=asked.share, product=asked.product and asked.product.resolve()
        )
        report = Explorer(SETTINGS[name], asked.seed, folder, effort, lambda text: print(f"\n{text}", flush=True)).go()
        print(f"\n{report.table()}\n  {time.monotonic() - began:.0f} s", flush=True)
        wrong += len(report.wrong)
    print(f"{wrong} states are wrong; recordings and disks: {folder}; seed {asked.seed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
