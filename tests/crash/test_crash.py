"""A share of the disks that a power cut may leave, by the commit; `make crash` looks at all, and boots as many as one
likes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.box.host import as_root
from tests.crash import disk
from tests.crash.explore import Effort, Explorer
from tests.crash.mends import MENDS, found_without
from tests.crash.recording import SETTINGS
from tests.crash.states import Image, Log
from tests.rotation import seed, turn

pytestmark = pytest.mark.gateway

# The setting goes by the commit: systemd or not, dash or busybox, either mode of the disk, alone or beside somebody who
# syncs, which makes many more disks.
SETTING = list(SETTINGS.values())[turn(len(SETTINGS))]
EFFORT = Effort(share=0.02 if SETTING.neighbour else 0.1, boots=8, recoveries=1, judges=2)
# What is done on a disk where `x` says `old`; what it may say after a cut, and one thing that it has to say after one.
WRITES = {
    "not synced": ("printf new >y && mv y x && printf r >>other && sync other", {"old", "new", "", "\0\0\0"}, ""),
    "synced": ("printf new >y && sync y && mv y x && printf r >>other && sync other", {"old", "new"}, "new"),
    "appended": ("printf er >>x && printf r >>other && sync other", {"old", "older", "old\0\0"}, "old\0\0"),
}


@pytest.mark.timeout(900)
def test_power_cut_leaves_one_release_with_its_settings_and_what_was_told(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    report = Explorer(SETTING, seed(), tmp_path, EFFORT, lambda _: None).go()
    record_property("told", f"power cuts, BUNDLEKIT_SEED={seed()}\n{report.table()}")
    assert not report.wrong, "\n\n".join([f"BUNDLEKIT_SEED={seed()}", report.table(), *report.wrong])


@pytest.mark.timeout(900)
def test_power_cuts_show_each_fault_whose_mend_is_taken_out(tmp_path: Path) -> None:
    """All are taken out at once: a gateway that is recorded for each would take as long as all the rest."""
    found = found_without(tuple(MENDS), seed(), tmp_path)
    assert set(found) == set(MENDS), "\n\n".join(f"{name}: {text}" for name, text in found.items())


@pytest.mark.parametrize("write", WRITES)
def test_disks_show_what_was_not_synced_and_never_lack_what_was(write: str, tmp_path: Path) -> None:
    command, may, has_to = WRITES[write]
    found = contents_after_cuts(command, tmp_path)
    assert has_to in found
    assert found <= may


def contents_after_cuts(command: str, folder: Path) -> set[str]:
    """What `x` says on the disks that a cut may leave while a command runs there."""
    image, used, place = folder / "disk.img", folder / "used.img", folder / "place"
    as_root(["mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", image, "24M"])
    as_root(["tune2fs", "-o", "journal_data_writeback", image])
    disk.copy(image, used)
    place.mkdir()
    with disk.Recorder(used, folder / "log") as recorder:
        as_root(["mount", "-o", f"loop,{disk.MODES['writeback']}", recorder.device, place])
        try:
            as_root(["sh", "-euc", 'cd "$0"; printf old >x; printf other >other; sync -f .', place])
            recorder.mark("begin it")
            as_root(["sh", "-euc", f'cd "$0"; {command}', place])
            as_root(["sync", "-f", place])
            recorder.mark("settled it")
        finally:
            as_root(["umount", place])
    log = Log(folder / "log", seed())
    state, found = folder / "state.img", set()
    for _, over in log.build(before := Image(image), [cut for span in log.spans for cut in span.cuts]):
        with state.open("wb") as stream:
            before.put(stream.fileno(), over)
        assert as_root(["e2fsck", "-p", state], check=False).returncode < 4
        found.add(as_root(["debugfs", "-R", "cat x", state]).stdout)
    return found
