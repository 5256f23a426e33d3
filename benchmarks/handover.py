"""How long a bundle does not answer while it is deployed: stopped and started, and handed over.

    python -m benchmarks.handover [ROUNDS]

A client asks the booted test gateway's REST API ten times a second, without waiting for the answers before. A request
fails at once where nobody is registered (403), or when the ttl of one that is gone is over (408). The gap is from the
first request that failed to the first one after which none did. Wants root, as the tests with a gateway do.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.box import Box
from tests.remote.asking import Asked, asking
from tests.workstation import Workstation

ROUNDS = 6
WAYS: dict[str, tuple[str, ...]] = {"stopped and started": (), "--handover": ("--handover",)}


def gap(asked: Asked) -> tuple[int, float]:
    """How many requests failed, and for how many seconds they did; 0 where none failed."""
    answers = sorted(asked.answers)
    failed = [index for index, (_, status) in enumerate(answers) if status != 200]
    if not failed:
        return 0, 0.0
    end = min(failed[-1] + 1, len(answers) - 1)
    return len(failed), answers[end][0] - answers[failed[0]][0]


def main(rounds: int) -> None:
    found: dict[str, list[tuple[int, float]]] = {way: [] for way in WAYS}
    with Box() as box, tempfile.TemporaryDirectory() as home:
        workstation = Workstation(Path(home), box)
        number = 0
        for _ in range(rounds):
            for way, options in WAYS.items():
                number += 1
                bundle = workstation.sample(f"0.0.{number}")
                with asking(box, "/example") as asked:
                    deployed = workstation.deploy(bundle, *options)
                assert deployed.code == 0, deployed.err
                if number > 1:  # before, there was nothing
                    found[way].append(gap(asked))
    print(f"{'way':<22}{'requests failed':>17}{'gap, median':>14}{'least':>8}{'most':>8}")
    for way, gaps in found.items():
        seconds = [length for _, length in gaps]
        count = median(number for number, _ in gaps)
        print(f"{way:<22}{count:>17g}{median(seconds):>12.1f} s{min(seconds):>6.1f} s{max(seconds):>6.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
