"""The disk of a gateway that loses its power: /etc and /opt as one ext4, in a file on this host."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.box.base import base
from tests.box.host import as_root, root_prefix

_HERE = Path(__file__).parents[2]
SIZE = "24M"
# What a mount is told. `writeback` is as little as a file system may promise: metadata before data, and nothing is
# written because a file was renamed or truncated. Both commit each second, for a commit may come at any time.
MODES = {
    "ordered": "commit=1",
    "writeback": "commit=1,data=writeback,dioread_lock,noauto_da_alloc",
}


def make(image: Path, mode: str) -> None:
    """Write an image with the /etc of a fresh gateway and nothing in /opt.

    The journal is as small as may be, for each disk that is looked at is a copy. Broker and REST front run beside the
    gateway, so that they outlive it.
    """
    with tempfile.TemporaryDirectory() as folder:
        as_root(["cp", "-a", base().root / "etc", f"{folder}/etc"])
        as_root(["mkdir", f"{folder}/opt"])
        as_root(["find", f"{folder}/etc", "-name", "*mosquitto*", "-path", "*.d/*", "-delete"])
        as_root(["find", f"{folder}/etc", "-name", "mosquitto.service", "-delete"])
        image.touch()
        made = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-J", "size=4", "-O", "^resize_inode"]
        steady = ["-E", "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", "-d", folder]
        try:
            as_root([*made, *steady, image, SIZE])
            if mode == "writeback":  # so that it is one for whoever mounts it with no options, as the replay does
                as_root(["tune2fs", "-o", "journal_data_writeback", image])
        finally:
            as_root(["rm", "-rf", f"{folder}/etc", f"{folder}/opt"])


def copy(image: Path, to: Path) -> None:
    """Copy one, with its holes."""
    subprocess.run(["cp", "--sparse=always", "--", image, to], check=True)


class Recorder:
    """A disk whose writes are noted, see `tests.crash.recorder`. A context manager.

    Its file system is out of sight for others, and gone with its process, however that ends.
    """

    def __init__(self, image: Path, log: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bundlekit-crash-"))
        command = [*root_prefix(), "unshare", "--mount", "--", sys.executable, "-m", "tests.crash.recorder"]
        self._process = subprocess.Popen(
            [*command, str(self._folder), str(image), str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_HERE,
        )
        assert self._process.stdout
        number = self._process.stdout.readline().strip()
        assert number, "the recorder does not start"
        self._seen = Path("/proc", number, "root", str(self._folder).lstrip("/"))

    @property
    def device(self) -> Path:
        """A file that is this disk."""
        return self._seen / "disk"

    def mark(self, text: str) -> None:
        """Note a word of ours among what is written."""
        as_root(["sh", "-c", 'printf %s "$1" >"$2"', "mark", text, self._seen / "mark"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)
