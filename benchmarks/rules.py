"""What each rule takes of the processor, and what all of them share."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.rules import rules

SHARED = ("manifest", "schema_errors", "declared", "factory", "source", "modules", "starting", "read_errors")
"""What an inspection works out for whoever asks first."""


def show(folders: list[Path], most: int = 25) -> None:
    """Print milliseconds a bundle, the most expensive first."""
    taken: defaultdict[str, float] = defaultdict(float)
    for folder in [*folders[:5], *folders]:
        if folder == folders[0]:
            taken.clear()  # what only the first ones pay for, such as loading the parser
        inspection = Inspection(Bundle.in_folder(folder))
        for name in SHARED:
            begin = time.process_time()
            getattr(inspection, name)
            taken[f"({name})"] += time.process_time() - begin
        for rule in rules():
            begin = time.process_time()
            for _ in rule.check(inspection):
                pass
            taken[f"{rule.code} {rule.name}"] += time.process_time() - begin
    print(f"milliseconds of processor time a bundle, {len(folders)} bundles; in parentheses what rules share")
    print(f"{'all':<38}{sum(taken.values()) * 1000 / len(folders):>9.3f}")
    for name, seconds in sorted(taken.items(), key=lambda one: -one[1])[:most]:
        print(f"{name:<38}{seconds * 1000 / len(folders):>9.3f}")
