"""`python -m tests.crash.examine RECORDING SEED TORN SHARE [CUT]`: looks at disks, and tells of each in a line of JSON.

Wants root: each is mounted, so that the kernel replays its journal as a boot would. Disks on which the same lies are
told once, by the first.
"""

# ruff: noqa: T201 - its parent reads what it prints

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.box.host import root_prefix
from tests.crash.changes import End
from tests.crash.checks import Known, check
from tests.crash.mounts import mounted
from tests.crash.recording import Recording, archives
from tests.crash.states import Built, Image, Log
from tests.crash.tree import digest, read_tree

_HERE = Path(__file__).parents[2]


@dataclass(frozen=True)
class State:
    """A disk that differs from those before.

    Attributes:
        name: of the cut that leaves it.
        change, told: of the cut.
        digest: of what lies on it.
        wrong, suspicious, kind, begun, settings: see `checks.Found`.
    """

    name: str
    change: str
    told: bool
    digest: str
    wrong: tuple[str, ...]
    suspicious: tuple[str, ...] = ()
    kind: str = ""
    begun: bool = False
    settings: tuple[int | None, ...] = ()


@dataclass
class Examined:
    """All states of a recording.

    Attributes:
        looked_at: how many disks were, for each change.
        states: those that differ.
    """

    looked_at: dict[str, int]
    states: list[State]


def examine(recording: Recording, seed: str, torn: int, share: float, only: str = "") -> Examined:
    """Look at a share of the disks of a recording, or at that of one cut."""
    command = [*root_prefix(), sys.executable, "-m", "tests.crash.examine"]
    arguments = [str(recording.folder), seed, str(torn), str(share), *([only] if only else [])]
    said = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, cwd=_HERE, check=True).stdout
    first, *lines = said.splitlines()
    states = [json.loads(line) for line in lines]
    for state in states:
        state |= {key: tuple(state[key]) for key in ("wrong", "suspicious", "settings")}
    return Examined(json.loads(first), [State(**state) for state in states])


def main() -> None:
    """Look and tell."""
    folder, seed, torn, share, *only = sys.argv[1:]
    recording = Recording(Path(folder))
    log = Log(recording.log, seed, int(torn))
    dice = random.Random(f"{seed} {recording.setting.name}")
    every = [cut for span in log.spans for cut in span.cuts]
    cuts = [cut for cut in every if (cut.name in only if only else dice.random() < float(share))]
    print(json.dumps(Counter(cut.change for cut in cuts)))
    with tempfile.TemporaryDirectory() as work:
        known = Known(recording.script.read_bytes(), archives(Path(work, "archives")))
        place = Path(work, "disk")
        place.mkdir()
        image = Image(recording.image)
        ends = {change.name: change.ends for change in recording.chain}
        for state in _different(log.build(image, cuts), image, ends, known, place):
            print(json.dumps(asdict(state)))


def _different(
    built: Iterable[Built], image: Image, ends: dict[str, tuple[End, ...]], known: Known, place: Path
) -> Iterator[State]:
    file = os.memfd_create("disk")
    seen = set()
    for cut, over in built:
        image.put(file, over)
        try:
            with mounted(file, place):
                tree = read_tree(place)
        except OSError as error:
            yield State(cut.name, cut.change, cut.told, "", (f"it cannot be mounted: {error}",))
            continue
        found = digest(tree)
        if (found, cut.change, cut.told) not in seen:
            seen.add((found, cut.change, cut.told))
            seen.add((found, cut.change, False))
            about = check(tree, ends[cut.change], cut.told, known)
            yield State(cut.name, cut.change, cut.told, found, **asdict(about))


if __name__ == "__main__":
    main()
