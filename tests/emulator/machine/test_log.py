"""What the log of the emulated gateway says of a command that comes over SSH."""

from __future__ import annotations

import pytest

from bundlekit.emulator.machine.ssh_session import _shortened
from bundlekit.remote.bootstrap import opening


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (opening("12", password="secret", label="bundlekit releases mark").command, "bundlekit releases mark"),
        ("ls  -l\n/opt", "ls -l /opt"),
        (": $(reboot); x", ": $(reboot); x"),
        ("x" * 200, "x" * 97 + "..."),
    ],
)
def test_log_shows_the_verb_or_the_start_of_a_command(command: str, shown: str) -> None:
    assert _shortened(command) == shown
