"""Many bundles are checked by several processes, and nobody can tell from what comes out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun
from bundlekit.lint import check
from bundlekit.lint.parallel import FEW, check_each
from bundlekit.lint.selection import Selection, selection
from tests.lint.bundles import MANIFEST, bundle

MANY = 4 * FEW
COMMAND = [sys.executable, "-m", "bundlekit"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Bundles with different faults."""
    top = tmp_path_factory.mktemp("many")
    sample = Path(__file__).parents[1] / "fixtures" / "example"
    folders = []
    for number in range(MANY):
        folder = top / f"bundle-{number:03}"
        shutil.copytree(sample, folder)
        manifest = json.loads((folder / "bundle.json").read_text())
        manifest["version"] = ["1.0.0", "1", "not one", 7][number % 4]
        (folder / "bundle.json").write_text(json.dumps(manifest))
        folders.append(folder)
    return folders


def jobs(folders: list[Path], taken: list[int] | None = None) -> Iterator[tuple[int, Bundle, Selection]]:
    for number, folder in enumerate(folders):
        if taken is not None:
            taken.append(number)
        yield number, Bundle.in_folder(folder), selection()


def children() -> list[psutil.Process]:
    """Those that this test has started: others have servers running beside it."""
    return [child for child in psutil.Process().children(recursive=True) if child not in _OTHERS]


_OTHERS: list[psutil.Process] = []


@pytest.fixture(autouse=True)
def others() -> None:
    _OTHERS[:] = psutil.Process().children(recursive=True)


def test_several_processes_find_what_one_finds_in_the_same_order(folders: list[Path]) -> None:
    one = list(check_each(jobs(folders), processes=1))
    assert list(check_each(jobs(folders), processes=3)) == one
    assert [number for number, _ in one] == list(range(MANY))
    assert len({findings for _, findings in one}) == MANY - MANY // 4 + 1


def test_what_cannot_travel_keeps_its_place(folders: list[Path]) -> None:
    in_memory = bundle({"bundle.json": json.dumps({**MANIFEST, "ttl": 0})})
    mixed = [
        (number, in_memory if number % 3 else Bundle.in_folder(folders[number]), selection()) for number in range(MANY)
    ]
    assert list(check_each(mixed, processes=2)) == [(key, check(one, chosen)) for key, one, chosen in mixed]


def test_few_bundles_start_no_process(folders: list[Path]) -> None:
    for _ in check_each(jobs(folders[:FEW]), processes=2):
        assert children() == []


def test_bundles_are_taken_as_they_are_answered(folders: list[Path]) -> None:
    taken: list[int] = []
    for number, _ in check_each(jobs(folders, taken), processes=2):
        assert len(taken) - number <= 40


def test_processes_end_with_whoever_stops_asking(folders: list[Path]) -> None:
    found = check_each(jobs(folders), processes=2)
    for _ in range(FEW + 1):
        next(found)
    assert len(children()) == 2
    found.close()  # type: ignore[attr-defined]
    assert children() == []


def test_process_that_is_ended_from_outside_is_told(folders: list[Path]) -> None:
    found = check_each(jobs(folders), processes=2)
    for _ in range(FEW + 1):
        next(found)
    for child in children():
        child.kill()
    with pytest.raises(CouldNotRun, match="ended from outside"):
        list(found)
    assert children() == []


def validate(*arguments: str | Path, processors: int) -> subprocess.CompletedProcess[str]:
    program = "import os, sys; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])\n"
    program += "sys.argv[1:] = sys.argv[2:]; from bundlekit.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, str(processors), "validate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("output_format", ["text", "json"])
def test_output_is_the_same_on_one_processor_and_on_all(folders: list[Path], output_format: str) -> None:
    alone = validate(folders[0].parent, "--format", output_format, processors=1)
    together = validate(folders[0].parent, "--format", output_format, processors=64)
    assert (alone.returncode, alone.stdout, alone.stderr) == (together.returncode, together.stdout, together.stderr)
    assert alone.returncode == 1
    assert alone.stdout.count("bundle-095") > 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_process_stays_behind_and_ctrl_c_is_quiet(
    folders: list[Path], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    slow = tmp_path / "bundle"
    shutil.copytree(folders[0], slow)
    # Many paths to the same folders, each of them checked: it takes long enough to be met while it runs.
    top = tmp_path / "top"
    for count in range(3000):
        shutil.copytree(slow, top / f"b{count}") if count < FEW else (top / f"b{count}").mkdir()
        if count >= FEW:
            os.link(slow / "bundle.json", top / f"b{count}" / "bundle.json")
            os.link(slow / "index.py", top / f"b{count}" / "index.py")
    process = subprocess.Popen(
        [*COMMAND, "validate", top], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    workers: list[psutil.Process] = []
    while process.poll() is None and not workers:
        workers = psutil.Process(process.pid).children()
        time.sleep(0.01)
    assert workers, "it ended before it was met"
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, told = process.communicate()
    assert process.returncode == code
    assert b"Traceback" not in told
    gone, _ = psutil.wait_procs(workers, timeout=30)
    assert len(gone) == len(workers)
