"""What keeps a power cut from doing harm, taken out of the script again: power cuts have to show each fault then."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import bundlekit
from tests.chaos.gateway import Watch
from tests.crash.boots import Judge
from tests.crash.examine import State, examine
from tests.crash.explore import Disks
from tests.crash.recording import SETTINGS, record
from tests.crash.states import Log

# Beside somebody who syncs, the disk may have anything at any time, also at the flushes.
SETTING = replace(SETTINGS["init-dash-writeback-neighbour"], neighbour=0.1)
_TORN = 0
_MOST = 4  # states that are booted for each, the most suspicious ones

# A part of the script, what it has in one place, and what comes there instead.
Edit = tuple[str, str, str]


@dataclass(frozen=True)
class Mend:
    """One of them.

    Attributes:
        edits: of the script that take it out.
        changes: of `changes.FEW`, whose power cuts show that.
        looks: how a disk looks then, as a regular expression: see `kind` and `suspicious` of `checks.Found`.
        seen: what a boot finds wrong, as a regular expression.
        slow: edits that only make the gateway slow at the worst moment.
    """

    edits: tuple[Edit, ...]
    changes: tuple[str, ...]
    looks: str
    seen: str
    slow: tuple[Edit, ...] = ()


MENDS = {
    # The switch decides about the settings too.
    "settings-with-the-switch": Mend(
        (
            ("82-take-over.sh", '    *) copy_prepared "$1" || return 1 ;;\n', "    *) ;;\n"),
            ("82-take-over.sh", ' && { [ -z "$(recorded settings)" ] || name_prepared "$1"; }', ""),
            (
                "82-take-over.sh",
                'switch_to "$1" && bring_settings',
                'switch_to "$1" && { [ -z "$(recorded settings)" ] || cp -p "$B/snapshots/$1"/* "$B/settings/"; }',
            ),
        ),
        ("rollback-settings",),
        "the settings are",
        r"it has come to End\(version='1\.1\.0', generation=2",
    ),
    # Whose settings count after a hand-over is on the disk before the switch, and each start obeys.
    "decision-before-the-switch": Mend(
        (
            ("82-take-over.sh", '    [ ! -d "$B/beside" ] || decide_settings\n', ""),
            ("85-hand-over.sh", 'if [ "$(recorded whose)" = new ]', 'if [ "$(whose_settings "$previous")" = new ]'),
            (
                "30-supervisor.sh",
                '[ "${whose:-$(whose_settings "$(info "$B/journal" previous)")}" = before ]',
                '[ -e "$B/beside/again" ]',
            ),
        ),
        ("handover-last-words",),
        r"^switch 1\.4\.0 5,5",
        r"it has come to End\(version='1\.4\.0', generation=4",
    ),
    # NULs in the history do not hide the lines beside them.
    "history-with-nuls": Mend(
        (("56-history.sh", """ | tr '\\0' "$DAMAGED" |\n        grep -a """, " | grep "),),
        ("upgrade", "rollback-settings", "handover-last-words"),  # before that, it is a new file
        "NULs in the history",
        r"bundlekit history tells 0 changes",
        slow=(("56-history.sh", "; }\n    fsync_disk\n", "; }\n    sleep 0.3\n    fsync_disk\n"),),
    ),
    # The first journal is on the disk before it has its name, and one without a verb is no change.
    "first-journal": Mend(
        (
            ("55-journal.sh", 'put_journal && fsync_paths "$B/journal.new" && mv', "put_journal && mv"),
            ("55-journal.sh", '[ -z "$(recorded verb)" ] || add_history', "add_history"),
            ("55-journal.sh", 'if [ -z "$verb_before" ]; then', "if false; then"),
        ),
        ("first",),
        "the journal does not tell",
        r"a line of the history: \['\d+', '', '\w+', ''",
    ),
    # What a cut has left of a script half installed goes with the next change.
    "half-written-script": Mend(
        (("40-service.sh", 'for left in "$1".[0-9]*; do', "for left in; do"),),
        ("first",),
        "litter: opt/bundlekit/gateway.sh",
        r"left behind: opt/bundlekit/gateway\.sh\.\d",
    ),
}


def without(names: Collection[str], folder: Path) -> Path:
    """A `product` (see `explore.Effort`) that has everything but some mends.

    Raises:
        AssertionError: the script does not have what is to be taken out.
    """
    here = Path(bundlekit.__file__).parent
    made = folder / "bundlekit"
    shutil.copytree(here, made, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (here.parent / name for name in ("schemas", "templates", "sdk")):
        if path.exists():
            (folder / path.name).symlink_to(path)
    for name in names:
        for part, old, new in (*MENDS[name].edits, *MENDS[name].slow):
            path = made / "remote/script" / part
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{name}: {part} has this {text.count(old)} times: {old}"
            path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def found_without(names: Collection[str], seed: str, folder: Path) -> dict[str, str]:
    """Take mends out, make a few changes, cut their power, and boot what looks suspicious.

    Returns:
        For each mend whose fault was seen, the state and what was wrong with it.
    """
    product = without(names, folder / "product")
    recording = record(SETTING, folder / "recording", product, "few")
    states = examine(recording, seed, _TORN, 1.0).states
    log = Log(recording.log, seed, _TORN)
    found: dict[str, str] = {}
    with Watch() as watch, Judge(SETTING, recording.chain, folder / "judge", watch, product) as judge:
        for name in names:
            mend = MENDS[name]
            for state, image in Disks(recording, log, _suspicious(states, mend), folder):
                wrong = [*state.wrong, *judge.judge(state, image, thorough=True).wrong]
                image.unlink()
                if any(re.search(mend.seen, one) for one in wrong):
                    found[name] = "\n  ".join((f"{state.name} ({state.kind})", *wrong))
                    break
    return found


def _suspicious(states: list[State], mend: Mend) -> list[State]:
    alike = [
        state
        for state in states
        if state.change in mend.changes and re.search(mend.looks, " ".join((state.kind, *state.suspicious)))
    ]
    # From both ends of the change and from its middle.
    return alike[:: max(1, len(alike) // _MOST)][:_MOST]
