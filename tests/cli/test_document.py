"""A file that a verb writes is there as a whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.cli.document import put, writing
from bundlekit.errors import CouldNotRun, Taken


def test_file_is_made_and_nothing_beside_it(tmp_path: Path) -> None:
    put("text \u20ac", tmp_path / "file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "text \u20ac\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError, CouldNotRun])
def test_what_was_there_stays_when_writing_ends_early(tmp_path: Path, fault: type[BaseException]) -> None:
    (tmp_path / "file").write_text("before")

    def write_half() -> None:
        with writing(tmp_path / "file") as stream:
            stream.write("half")
            raise fault("early")

    with pytest.raises(fault):
        write_half()
    assert (tmp_path / "file").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    put("after", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "after\n"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["bundle.json", "index.py", "thermostat.json.factory"])
def test_file_of_a_bundle_is_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(Taken, match="is a file of a bundle"):
        put("text", tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"


def test_devices_and_pipes_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bundlekit", "schema", "--output", "/dev/stdout"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"{")
    with (tmp_path / "file").open("wb") as file:
        subprocess.run(command, stdout=file, check=True)
    assert (tmp_path / "file").read_bytes().startswith(b"{")
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        put("through", tmp_path / "pipe")
        assert reader.communicate(timeout=60)[0] == "through\n"
    assert (tmp_path / "pipe").is_fifo()
