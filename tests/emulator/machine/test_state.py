"""Whose a folder is, before anything in it is deleted."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bundlekit.emulator.machine.emulated_device import MARK, EmulatedDevice, Options, check_is_ours, claimed, clear
from bundlekit.errors import CouldNotRun


@pytest.mark.parametrize("name", ["lock", "tokens.json", MARK])
def test_folder_of_somebody_else_is_not_taken_for_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of another program")
    (tmp_path / "work").write_text("of years")
    with pytest.raises(CouldNotRun):
        check_is_ours(tmp_path)
    with pytest.raises(CouldNotRun), claimed(tmp_path):
        clear(tmp_path)
    assert (tmp_path / "work").read_text() == "of years"


def test_folder_that_is_cleared_stays_ours(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path):
            (tmp_path / "root").mkdir()
            clear(tmp_path)
        assert not (tmp_path / "root").exists()
        check_is_ours(tmp_path)


def test_folder_with_a_token_alone_is_ours(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{}")
    check_is_ours(tmp_path)


@contextmanager
def _disk_without_room() -> Iterator[None]:
    """A file can be made, and nothing written into it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_is_told_and_the_folder_stays_ours(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with _disk_without_room(), pytest.raises(CouldNotRun, match=f"^cannot write in {state}: "):
        asyncio.run(EmulatedDevice(state, Options()).start())
    with claimed(state):
        check_is_ours(state)
