"""`python -m tests.chaos`: as many cases as you like, each matrix after the other."""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.matrix import MATRICES, Run


def main() -> int:
    """Run and tell.

    Returns:
        1 if something went wrong.
    """
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--matrix", choices=MATRICES, action="append")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(asked.matrix or MATRICES):
            place = Path(folder, str(number))
            place.mkdir()
            began = time.monotonic()
            share = MATRICES[name].share if not asked.matrix else 1 / len(asked.matrix)
            run = Run(MATRICES[name], f"{asked.seed} {name}", place, lambda text: print(f"\n{text}", flush=True))
            try:
                wrong += len(run.go(round(asked.cases * share)).wrong)
            except AssertionError as error:  # the gateway itself; the others may go on
                wrong += 1
                print(f"{name}: {error}", flush=True)
            print(f"{name}: {run.report}, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
