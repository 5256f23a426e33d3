"""The command line on hostile input: it comes to an end, tells what is wrong, and takes no more memory than is fair."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from tests.lint.bundles import MANIFEST, source

MEBIBYTE = 1024 * 1024
MOST_MEMORY = 500 * MEBIBYTE
LONGEST = 120

pytestmark = pytest.mark.timeout(2 * LONGEST)


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left: exit code, output, errors, the most memory that it had, in bytes."""

    code: int
    output: str
    errors: str
    memory: int


# Started by a process that is small: what a process was forked from counts for its peak memory.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as memory:
    memory.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code if code >= 0 else 128 - code)
"""


def run(folder: Path, *arguments: str, given: Path | None = None) -> Ran:
    """Run the command line there; one that does not end is killed, and so ends by a signal."""
    with (
        (folder / ".output").open("w+b") as output,
        (folder / ".errors").open("w+b") as errors,
        (given or Path(os.devnull)).open("rb") as stdin,
    ):
        command = [sys.executable, "-c", "import sys; from bundlekit.cli import main; sys.exit(main())", *arguments]
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", MEASURED, folder / ".memory", *command],
            cwd=folder,
            start_new_session=True,
            stdin=stdin,
            stdout=output,
            stderr=errors,
            env={**os.environ, "XDG_STATE_HOME": str(folder / ".state")},
        )
        killer = threading.Timer(LONGEST, os.killpg, (process.pid, signal.SIGKILL))
        killer.start()
        process.wait()
        killer.cancel()
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode())
    memory = (folder / ".memory").read_text() if process.returncode >= 0 else "0"
    return Ran(process.returncode, texts[0], texts[1], int(memory) * 1024)


def assert_fair(ran: Ran) -> None:
    assert ran.code in (0, 1, 2, 3), ran
    assert "Traceback" not in ran.errors + ran.output
    assert "a fault of bundlekit" not in ran.errors
    assert ran.memory < MOST_MEMORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound bundle on disk."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bundle.json").write_text(json.dumps(MANIFEST, indent=2))
    (tmp_path / "index.py").write_text(source(MANIFEST))
    (tmp_path / "data" / "example.json.factory").write_text("{}")
    return tmp_path


def large(path: Path) -> None:
    """200 MB in one line, and no room on the disk."""
    path.touch()
    os.truncate(path, 200 * MEBIBYTE)


def deep_folders(folder: Path) -> None:
    (folder / "/".join(["d"] * 400)).mkdir(parents=True)


def many_files(folder: Path) -> None:
    (folder / "many").mkdir()
    for number in range(30_000):
        os.close(os.open(folder / "many" / str(number), os.O_CREAT | os.O_WRONLY))


def special_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / ".bundleignore")
    os.mkfifo(folder / "requirements.txt")
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(here)
    (folder / "device").symlink_to("/dev/zero")
    (folder / "out").symlink_to("/etc")
    (folder / "loop").symlink_to(".")


def strange_names(folder: Path) -> None:
    for name in (b"\xff\xfe", b"\x1b[31m", b"a\nb", b"-rf", "ä\u202e".encode(), b"a\\b", b" ", b"a" * 255):
        (folder / os.fsdecode(name)).write_text("x")


HOSTILE: dict[str, Callable[[Path], object]] = {
    "manifest of 200 MB": lambda folder: large(folder / "bundle.json"),
    "source of 200 MB": lambda folder: large(folder / "index.py"),
    "factory of 200 MB": lambda folder: large(folder / "data/example.json.factory"),
    "ignore file of 200 MB": lambda folder: large(folder / ".bundleignore"),
    "requirements of 200 MB": lambda folder: large(folder / "requirements.txt"),
    "settings of 200 MB": lambda folder: large(folder / "bundlekit.toml"),
    "deep manifest": lambda folder: (folder / "bundle.json").write_text("[" * 100_000 + "]" * 100_000),
    "deep factory": lambda folder: (folder / "data/example.json.factory").write_text('{"a":' * 700_000),
    "deep source": lambda folder: (folder / "index.py").write_text("(" * 100_000 + ")" * 100_000),
    "deep settings": lambda folder: (folder / "bundlekit.toml").write_text("x = " + "[" * 100_000),
    "deep folders": deep_folders,
    "a million keys": lambda folder: (folder / "data/example.json.factory").write_text(
        "{" + ",".join(f'"{n:x}":0' for n in range(1_000_000)) + "}"
    ),
    "hundreds of thousands of keys": lambda folder: (folder / "data/example.json.factory").write_text(
        "{" + ",".join(f'"{n:x}":0' for n in range(350_000)) + "}"
    ),
    "tens of thousands of findings": lambda folder: (folder / "bundle.json").write_text(
        json.dumps({**MANIFEST, "resources": [{"resource": "/x", "methods": ["get"] * 20_000}]})
    ),
    "special files": special_files,
    "strange names": strange_names,
}


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bundle_is_told_in_time(folder: Path, spoil: Callable[[Path], object]) -> None:
    spoil(folder)
    assert_fair(run(folder, "validate"))
    assert_fair(run(folder, "validate", "--diff"))


def test_folder_of_tens_of_thousands_of_files_is_told_in_time(folder: Path) -> None:
    many_files(folder)
    assert_fair(run(folder, "validate"))


@pytest.mark.parametrize("name", ["ignore file of 200 MB", "deep manifest", "special files", "strange names"])
def test_hostile_bundle_is_packed_or_refused(folder: Path, name: str) -> None:
    HOSTILE[name](folder)
    assert_fair(run(folder, "pack"))


@pytest.mark.parametrize("path", ["bundle.json", "index.py"])
def test_standard_input_is_not_read_to_an_end_that_it_does_not_have(folder: Path, path: str) -> None:
    ran = run(folder, "validate", "-", "--stdin-filename", path, given=Path("/dev/zero"))
    assert_fair(ran)
    assert "too-large" in ran.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["pipe"],
        ["pipe.tar.gz"],
        ["--baseline", "pipe"],
        ["--config", "pipe"],
        ["device.tar.gz"],
        ["--baseline", "device.tar.gz"],
        ["--baseline", "."],
        ["a\n" * 1000],
        ["x/" * 3000],
        ["\udcff"],
    ],
    ids=str,
)
def test_what_is_no_file_is_not_waited_for(folder: Path, arguments: list[str]) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.tar.gz")
    (folder / "device.tar.gz").symlink_to("/dev/zero")
    assert_fair(run(folder, "validate", *arguments))


def test_archive_that_unpacks_to_gigabytes_is_refused(folder: Path) -> None:
    with gzip.open(folder / "bomb.tar.gz", "wb", compresslevel=1) as stream:
        for _ in range(300):
            stream.write(bytes(MEBIBYTE))
    ran = run(folder, "validate", "bomb.tar.gz")
    assert_fair(ran)
    assert ran.code == 3 or "unpacks to" in ran.errors


def test_files_that_an_ordinary_user_may_not_read_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the user nobody where the tests run as root, whom nothing is refused."""
    monkeypatch.chdir(folder)
    assert check(Bundle.in_folder(Path())) == ()  # and all modules are there, where nobody may look
    folder.chmod(0o755)
    (folder / "index.py").chmod(0)
    (folder / "data").chmod(0)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setuid(65534)
            told = sorted({finding.rule for finding in check(Bundle.in_folder(Path()))})
            os.write(writing, " ".join(told).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    (folder / "data").chmod(0o700)
    with os.fdopen(reading) as stream:
        assert "unreadable-file" in stream.read().split()
