"""How many processes a gateway starts for a deploy, and for a look at it.

    python -m benchmarks.processes [ROUNDS]

A process costs a gateway with one slow core tens of milliseconds, also one that a shell forks for itself. The booted
test gateway numbers its processes one by one, and the threads of the bundle with them; what systemd, the SSH server and
the bundle start is in the figures too. A look is `status`; a deploy is an upgrade that changes only the version. Wants
root, as the tests with a gateway do.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.box import Box
from tests.workstation import Workstation

ROUNDS = 8


def newest(box: Box) -> int:
    """The number of the process that was started last, which is one of this question's own."""
    return int(box.run("cat /proc/loadavg").stdout.split()[-1])


def main(rounds: int) -> None:
    found: dict[str, list[int]] = {"deploy": [], "status": []}
    with Box() as box, tempfile.TemporaryDirectory() as home:
        workstation = Workstation(Path(home), box)
        workstation.deploy(workstation.sample("0.0.0"))
        for number in range(1, rounds + 1):
            bundle = workstation.sample(f"0.0.{number}")
            time.sleep(1)  # for what the one before has left to end
            before = newest(box)
            asking = newest(box) - before
            deployed = workstation.deploy(bundle)
            assert deployed.code == 0, deployed.err
            after = newest(box)
            workstation.status()
            found["deploy"].append(after - before - 2 * asking)
            found["status"].append(newest(box) - after - asking)
    for what, counts in found.items():
        print(f"{what:<8}{median(counts):>6g} processes, from {min(counts)} to {max(counts)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
