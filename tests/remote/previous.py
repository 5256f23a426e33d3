"""The script of the last release, and what it leaves on a gateway where it is cut off: for tests of upgrades.

`python -m tests.remote.previous` makes both anew from the script as it is: when a release is made, and only then.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from bundlekit.remote import script

FIXTURES = Path(__file__).parent / "fixtures"
_SCRIPT = FIXTURES / "previous.sh.gz"
_STATES = FIXTURES / "previous-states.tar.gz"

NAMES = """
MEMORY=$RUN_DIR
run_apart() { run_detached "$@"; }
finish_candidate() { settle_beside; }
"""
"""Between the names of parts of the script and those of the last release. Empty when both are made anew."""

# Of the cases of test_journal, those that between them have all verbs and ways back in their journals.
CASES = (
    "upgrade",
    "upgrade that fails",
    "first one that fails",
    "adoption that fails",
    "same bytes again that fail",
    "rollback with settings",
    "rollback with settings that fails",
    "stop",
    "restart",
    "purge",
)


def previous_script() -> str:
    """The whole script of the last release, as it travelled."""
    return gzip.decompress(_SCRIPT.read_bytes()).decode()


def unpack_states(case: str, folder: Path) -> list[Path]:
    """Put the disks that belong to a case of test_journal into a folder, one for each journal that it has written."""
    name = _folder(case)
    with tarfile.open(_STATES) as tar:
        for member in tar:
            if member.name.startswith(f"{name}/"):
                tar.extract(member, folder, filter="tar")
    return sorted((folder / name).iterdir())


def _folder(case: str) -> str:
    """The scripts of a test get paths below it as words."""
    return case.replace(" ", "-")


def _make() -> None:
    from tests.remote.test_journal import CASES as ALL
    from tests.remote.test_journal import SHELLS, copies_of

    _SCRIPT.write_bytes(script.compressed())
    stream = io.BytesIO()
    with (
        tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar,
        tempfile.TemporaryDirectory() as work,
    ):
        for case in CASES:
            folder = Path(work, _folder(case))
            folder.mkdir()
            journals: set[bytes] = set()
            for copy in copies_of(ALL[case], SHELLS[0], folder, kinds="killed"):
                journal = copy / "root/bundles/x/journal"
                if journal.exists() and (content := journal.read_bytes()) not in journals:
                    journals.add(content)
                    tar.add(copy, f"{folder.name}/{copy.name}", filter=_anonymous)
    _STATES.write_bytes(gzip.compress(stream.getvalue(), mtime=0))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


if __name__ == "__main__":
    _make()
