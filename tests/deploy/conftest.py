"""Desks from which bundles are deployed to real gateways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box import Box, PlainBox
from tests.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, box: Box) -> Desk:
    """A desk with a gateway that has systemd, both for this test alone."""
    return Desk(tmp_path, box)


@pytest.fixture
def plain_desk(tmp_path: Path, plain_box: PlainBox) -> Desk:
    """A desk with a gateway that has no systemd, both for this test alone."""
    return Desk(tmp_path, plain_box)


@pytest.fixture
def shared_desk(tmp_path: Path, shared_box: Box) -> Desk:
    """A desk with a gateway that other tests use as well: for what changes nothing there."""
    return Desk(tmp_path, shared_box)
