"""The same folder gives the same archive, whoever packs it, where and when."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import Refused
from bundlekit.pack.archive import pack
from bundlekit.pack.reading import read_archive
from tests.pack.folders import BUNDLE, make_folder

FILES = BUNDLE | {
    "helpers/__init__.py": "",
    "helpers/grün.py": "print 'x'\n" * 40,
    "start.sh": "#!/bin/sh\n",
    "log/": "",
}

# What gateways know that folder's archive by. Whoever changes it makes every gateway take its bundles for new ones.
IDENTITY = "tar:16f731d4c2c974e6f95ed7da0cdccc12235ae3a2b787e9862e51ed6920483c9a"
BY_EARLIER_VERSIONS = "e645ad255118ab53fd3ff981dd33ba55835893b4382dfb2bc581280b41ac1192"

# The bytes of its file. They change with the compressor.
DIGEST = "7a44346c32759a0669994a6300881119e9f0fa384a125937e75087ab6dfc0220"

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
    archive = pack(Bundle.in_folder(folder))
    print(archive.identity, archive.digest)
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
    assert (run.returncode, run.stdout.strip()) == (0, f"{IDENTITY} {DIGEST}"), run.stderr


def test_folder_under_another_name_gives_the_same_archive(tmp_path: Path) -> None:
    archives = []
    for name in ("one", "-rf", "with spaces"):
        folder = make_folder(tmp_path / name, FILES, executable=["start.sh"])
        archives.append(pack(Bundle.in_folder(folder)))
    assert {(archive.identity, archive.digest) for archive in archives} == {(IDENTITY, DIGEST)}
    assert archives[0].is_known_as(IDENTITY)
    assert archives[0].is_known_as(BY_EARLIER_VERSIONS)


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
def test_what_matters_changes_the_identity(tmp_path: Path, change: Any) -> None:
    folder = make_folder(tmp_path / "b", FILES, executable=["start.sh"])
    change(folder)
    archive = pack(Bundle.in_folder(folder))
    assert archive.identity != IDENTITY
    assert not archive.is_known_as(BY_EARLIER_VERSIONS)


def test_packing_an_archive_again_gives_the_same_bytes(tmp_path: Path) -> None:
    from bundlekit.pack.archive import write
    from bundlekit.pack.reading import open_archive

    archive = pack(Bundle.in_folder(make_folder(tmp_path / "b", FILES)))
    assert pack(open_archive(write(archive, tmp_path))) == archive


def test_other_compression_is_the_same_archive(tmp_path: Path) -> None:
    archive = pack(Bundle.in_folder(make_folder(tmp_path / "b", FILES, executable=["start.sh"])))
    other = tmp_path / "other.tar.gz"
    other.write_bytes(gzip.compress(gzip.decompress(archive.data), 1))
    assert read_archive(other).digest != archive.digest
    assert read_archive(other).identity == archive.identity


def test_file_that_changes_while_it_is_packed_is_told(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b", FILES)

    def change(_done: int, _total: int) -> None:
        (folder / "index.py").write_text("pass\n")

    with pytest.raises(Refused, match=r"index\.py was changed while it was packed"):
        pack(Bundle.in_folder(folder), packed=change)


def test_memory_is_bounded_by_what_it_is_compressed_to_and_a_file(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b", FILES)
    for number in range(30):
        (folder / f"blob{number}").write_bytes(random.Random(number).randbytes(1000) * 2000)
    bundle = Bundle.in_folder(folder)
    pack(bundle)
    tracemalloc.start()
    archive = pack(bundle)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25_000_000 + len(archive.data)
