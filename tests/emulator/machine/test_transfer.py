"""The SCP that stands in for OpenSSH's, beside OpenSSH's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_OUR_OWN = "import sys; from bundlekit.emulator.machine.shims.transfer import main; sys.exit(main('scp', sys.argv[1:]))"


@pytest.mark.parametrize("command", [("scp",), (sys.executable, "-c", _OUR_OWN)], ids=["openssh", "our own"])
def test_what_follows_an_upload_is_left_for_the_next_program(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = subprocess.run(
        ["sh", "-c", '"$@"; echo $?; cat', "sh", *command, "-t", str(tmp_path / "part")],
        input=b"C0600 3 part\nabc\0E\nnext\n",
        capture_output=True,
        check=True,
    )
    assert ended.stdout == b"\0\0\0\0000\nnext\n"
    assert (tmp_path / "part").read_bytes() == b"abc"
