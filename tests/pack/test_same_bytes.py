"""The same folder gives the same archive, whoever packs it, where and when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.pack.folders import BUNDLE, make_folder

FILES = BUNDLE | {
    "helpers/__init__.py": "",
    "helpers/grün.py": "print 'x'\n" * 40,
    "start.sh": "#!/bin/sh\n",
    "log/": "",
}

# The bytes of that folder's archive. Whoever changes them makes every gateway take its bundles for new ones.
DIGEST = "e645ad255118ab53fd3ff981dd33ba55835893b4382dfb2bc581280b41ac1192"

PACK_IT = """
import os, sys, tempfile
from pathlib import Path
from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.pack.folders import make_folder
from tests.pack.test_same_bytes import FILES
reverse, time, user = sys.argv[1] == "reverse", int(sys.argv[2]), int(sys.argv[3])
if user != os.geteuid():
    with tempfile.TemporaryDirectory() as place:  # imports all it takes, which the other user may not be able to
        pack(Bundle.in_folder(make_folder(Path(place))))
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
with tempfile.TemporaryDirectory() as place:
    folder = Path(place)
    make_folder(folder, dict(sorted(FILES.items(), reverse=reverse)))
    (folder / "start.sh").chmod((folder / "start.sh").stat().st_mode | 0o100)
    for path in folder.rglob("*"):
        os.utime(path, (time, time))
    print(pack(Bundle.in_folder(folder)).digest)
"""

ELSEWHERE: dict[str, dict[str, Any]] = {
    "umask that lets everybody write": {"umask": 0o000},
    "umask that lets nobody else read": {"umask": 0o077},
    "files made in another order": {"order": "reverse"},
    "files from 1971": {"time": 40_000_000},
    "files from 2033": {"time": 2_000_000_000},
    "time zone ahead": {"env": {"TZ": "Pacific/Kiritimati"}},
    "plain locale": {"env": {"LC_ALL": "C", "LANG": "C"}},
    "other hashes": {"env": {"PYTHONHASHSEED": "4242"}},
    "optimized Python": {"env": {"PYTHONOPTIMIZE": "2"}},
    **({"another user": {"user": 65534}} if os.geteuid() == 0 else {}),
}


@pytest.mark.parametrize("difference", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_archive_has_the_same_bytes_elsewhere(difference: dict[str, Any]) -> None:
    difference = dict(difference)
    order, time = difference.pop("order", "forward"), difference.pop("time", 1_500_000_000)
    user = difference.pop("user", os.geteuid())
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **difference.pop("env", {})}
    run = subprocess.run(
        [sys.executable, "-c", PACK_IT, order, str(time), str(user)],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **difference,
    )
    assert (run.returncode, run.stdout.strip()) == (0, DIGEST), run.stderr


def test_folder_under_another_name_gives_the_same_archive(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "-rf", "with spaces"):
        folder = make_folder(tmp_path / name, FILES, executable=["start.sh"])
        digests.add(pack(Bundle.in_folder(folder)).digest)
    assert digests == {DIGEST}


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "index.py").write_text("pass\n"),
        lambda folder: (folder / "index.py").chmod(0o755),
        lambda folder: (folder / "index.py").rename(folder / "main.py"),
        lambda folder: (folder / "empty").mkdir(),
    ],
    ids=["content", "executable", "name", "empty folder"],
)
def test_what_matters_changes_the_digest(tmp_path: Path, change: Any) -> None:
    folder = make_folder(tmp_path / "b", FILES, executable=["start.sh"])
    change(folder)
    assert pack(Bundle.in_folder(folder)).digest != DIGEST


def test_packing_an_archive_again_gives_the_same_bytes(tmp_path: Path) -> None:
    from bundlekit.pack.archive import write
    from bundlekit.pack.reading import open_archive

    archive = pack(Bundle.in_folder(make_folder(tmp_path / "b", FILES)))
    assert pack(open_archive(write(archive, tmp_path))) == archive
