"""What is taken for the source of a deployed release, and what it is read to, without running any of it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bundlekit.emulator.machine import deployed
from tests.lint.bundles import MANIFEST

SOURCE = """
import os
from sanji.core import Route, Sanji
from voluptuous import Schema

open({mark!r}, "w").close()


class Example(Sanji):
    @Route(methods="put", resource="/example", schema=Schema({{"level": int}}, required=True))
    def put(self, message, response):
        return response()
"""


class Host:
    """In place of a machine: its programs run here, in a folder of the test."""

    def __init__(self, release: Path, program: str = "") -> None:
        self.release = release
        self.program = program
        self.started: subprocess.Popen[bytes] | None = None

    async def spawn(self, arguments: list[str], *, files: Sequence[int], **_: Any) -> Host:
        command = ["sh", "-c", self.program] if self.program else [*arguments[:-1], str(self.release)]
        self.started = subprocess.Popen(
            command, stdin=files[0], stdout=files[1], stderr=files[2], start_new_session=True
        )
        return self

    def send_signal(self, program: Host, number: int) -> None:
        assert program is self
        assert self.started
        if self.started.poll() is None:
            os.killpg(self.started.pid, number)


def archive_of(host: Host) -> bytes:
    archive = asyncio.run(deployed.source_archive(host, "example"))  # type: ignore[arg-type]
    assert host.started
    host.started.wait()
    return archive


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The folder of a release with a schema."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "bundle.json").write_text(json.dumps(MANIFEST))
    (folder / "index.py").write_text(SOURCE.format(mark=str(tmp_path / "imported")))
    return folder


def test_source_is_read_and_not_run(release: Path) -> None:
    (release / "data").mkdir()
    (release / "data/secret.json").write_text("{}")
    (release / "lib").mkdir()
    (release / "lib/a\nb.py").write_text("x = 1\n")
    archive = archive_of(Host(release))
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        assert sorted(members.getnames()) == ["./bundle.json", "./index.py", "./lib/a\nb.py"]
    (release / "lib/a\nb.py").unlink()
    bodies = deployed.bodies_in(archive_of(Host(release)))
    assert [*bodies["/example"]["PUT"]["properties"]] == ["level"]
    assert not (release.parent / "imported").exists()


def test_link_in_a_release_is_not_followed(release: Path) -> None:
    (release / "index.py").rename(release.parent / "index.py")
    (release / "index.py").symlink_to("../index.py")
    assert deployed.bodies_in(archive_of(Host(release))) == {}


@pytest.mark.parametrize("program", ["cat /dev/zero", "exit 1", "printf x; sleep 600", "sleep 2 & printf x"])
def test_program_that_prints_anything_is_ended(release: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "_PATIENCE", 0.5)
    host = Host(release, program)
    assert archive_of(host) == b""
    assert host.started
    assert host.started.returncode in (0, 1, -signal.SIGKILL, -signal.SIGPIPE)


def packed(**members: bytes | tarfile.TarInfo) -> bytes:
    """An archive as whoever is root inside can make it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in {"bundle.json": json.dumps(MANIFEST).encode(), **members}.items():
            if isinstance(content, bytes):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                archive.addfile(content)
    return stream.getvalue()


def link(name: str, target: str) -> tarfile.TarInfo:
    """A symbolic link."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = tarfile.SYMTYPE, target
    return made


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"x",
        b"\x1f\x8bx",
        gzip.compress(b"x"),
        gzip.compress(bytes(40_000_000)),
        packed(**{"index.py": link("index.py", "/etc/passwd")}),
        packed(**{"../index.py": b"x = 1\n"}),
        packed(**{"index.py": b"(" * 100_000}),
        packed(**{"index.py": b"\0\xff" * 1000}),
        packed(**{"bundle.json": b"[" * 100_000}),
        packed(**{"bundle.json": b"[]"}),
    ],
    ids=["empty", "short", "gzip", "no tar", "bomb", "link", "outside", "deep", "bytes", "deep manifest", "list"],
)
def test_archive_that_anybody_has_made_has_no_bodies(archive: bytes) -> None:
    assert deployed.bodies_in(archive) == {}
