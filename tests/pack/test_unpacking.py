"""Archives in the hands of the tools that gateways have."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.pack.archive import pack, write
from bundlekit.pack.reading import open_archive, read_archive
from tests.pack.folders import BUNDLE, make_folder
from tests.rotation import examples

ODD_NAMES: dict[str, str | bytes] = {
    "-rf": "a",
    "-": "b",
    "--help.py": "c",
    " leading and trailing ": "d",
    "two  spaces": "e",
    "$(reboot)`id`;#&": "f",
    "*?[a]": "g",
    'quote\'s "both"': "h",
    "grün/漢字/é.py": "i",
    "n" * 100: "j",
    "n" * 101: "k",
    "é" * 120: "l",
    "/".join(["deep" * 20] * 10): "m",
    "empty": "",
    "nothing/": "",
    "binary": bytes(range(256)) * 40,
    "=SHA256 (x) = y": "n",
}
TOOLS = {"GNU": [], "busybox": ["busybox"]}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS.keys())
def test_tar_and_sha256sum_take_every_name(tool: list[str], tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b", BUNDLE | ODD_NAMES, executable=["-rf"])
    archive = write(pack(Bundle.in_folder(folder)), tmp_path)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    untar = subprocess.run([*tool, "tar", "-xzf", archive, "-C", unpacked], capture_output=True, text=True, check=False)
    assert (untar.returncode, untar.stdout, untar.stderr) == (0, "", "")
    sums = subprocess.run([*tool, "sha256sum", "-c", "SHA256SUMS"], cwd=unpacked, capture_output=True, check=False)
    assert (sums.returncode, sums.stderr) == (0, b"")
    (unpacked / "SHA256SUMS").unlink()
    assert _tree(unpacked) == _tree(folder)


def test_a_changed_file_fails_the_checksums(tmp_path: Path) -> None:
    archive = write(pack(Bundle.in_folder(make_folder(tmp_path / "b"))), tmp_path)
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    (tmp_path / "index.py").write_text("changed")
    for tool in TOOLS.values():
        sums = subprocess.run([*tool, "sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False)
        assert sums.returncode == 1
        assert b"./index.py: FAILED" in sums.stdout


def test_nothing_of_the_machine_is_in_it(tmp_path: Path) -> None:
    archive = write(pack(Bundle.in_folder(make_folder(tmp_path / "b", executable=["index.py"]))), tmp_path)
    assert archive.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    listing = subprocess.run(
        ["tar", "--numeric-owner", "-tvzf", archive], env={"TZ": "UTC"}, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[:2] for line in listing.splitlines()] == [
        ["-rw-r--r--", "0/0"],
        ["-rw-r--r--", "0/0"],
        ["drwxr-xr-x", "0/0"],
        ["-rw-r--r--", "0/0"],
        ["-rwxr-xr-x", "0/0"],
    ]
    years = {int(line.split()[3][:4]) for line in listing.splitlines()}
    assert min(years) >= 1980
    assert max(years) <= 2014


def test_a_changed_file_has_another_time(tmp_path: Path) -> None:
    """Unpacked over an old version, Python 2.7 would go on with the old bytecode if it had not."""
    times = set()
    for number in range(5):
        folder = make_folder(tmp_path / f"b{number}", BUNDLE | {"helper.py": f"{number}\n"})
        write(pack(Bundle.in_folder(folder)), folder)
        subprocess.run(["tar", "-xzf", "thermostat-1.2.0.tar.gz"], cwd=folder, check=True)
        times.add((folder / "helper.py").stat().st_mtime)
    assert len(times) == 5


NAMES = st.text(st.sampled_from("a1-_ .éß漢"), min_size=1, max_size=12).map("f".__add__)
PATHS = st.lists(NAMES, min_size=1, max_size=4)


@st.composite
def _files(draw: st.DrawFn) -> dict[str, bytes]:
    """Files whose names no two systems confuse."""
    files: dict[str, bytes] = {}
    seen: dict[str, str] = {}
    taken: set[str] = set()
    for parts in draw(st.lists(PATHS, max_size=8)):
        parents = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        path = "/".join(parts)
        folded = [unicodedata.normalize("NFC", name).casefold() for name in (*parents, path)]
        confused = any(seen.get(fold, name) != name for fold, name in zip(folded, (*parents, path), strict=True))
        if confused or path in taken or any(parent in files for parent in parents):
            continue
        seen.update(zip(folded, (*parents, path), strict=True))
        taken.update((*parents, path))
        files[path] = draw(st.binary(max_size=300))
    return files


@given(_files(), st.data())
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_packed_is_read_back(files: dict[str, bytes], data: st.DataObject) -> None:
    executable = data.draw(st.lists(st.sampled_from(sorted(files)), unique=True)) if files else []
    with tempfile.TemporaryDirectory() as place:
        folder = make_folder(Path(place, "b"), BUNDLE | files, executable)
        archive = pack(Bundle.in_folder(folder))
        path = write(archive, Path(place))
        back = open_archive(path)
        assert read_archive(path) == archive
        assert pack(back) == archive
    found = {path: entry for path, entry in back.files.entries.items() if entry.kind is Kind.FILE}
    assert found.keys() == {*BUNDLE, *files, "SHA256SUMS"}
    assert {path: back.files.read(path) for path in files} == files
    assert {path for path, entry in found.items() if entry.executable} == set(executable)


def _tree(folder: Path) -> dict[str, tuple[bool, bytes | None]]:
    return {
        str(path.relative_to(folder)): (os.access(path, os.X_OK), path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }
