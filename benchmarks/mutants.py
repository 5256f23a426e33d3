"""Says how many of the faults that mutmut put into the rules were told, and fails where those are too few."""

from __future__ import annotations

import json
import sys
from pathlib import Path

LEAST = 0.9


def main(figures: dict[str, int]) -> str | None:
    """The complaint, if there is one; what takes too long is as good as told."""
    told, total = figures["killed"] + figures["timeout"], figures["total"]
    print(f"{told} of {total} mutants killed: {told / total:.1%}; {figures['survived']} survived")
    return None if told >= LEAST * total else f"expected {LEAST:.0%}; mutmut browse shows what survived"


if __name__ == "__main__":
    sys.exit(main(json.loads(Path("mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))))
