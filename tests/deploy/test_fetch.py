"""What a gateway gives as a bundle is taken for hostile."""

from __future__ import annotations

import base64
import io
import sys
import tarfile
from pathlib import Path

import pytest

from bundlekit.cli.main import main
from tests.remote.hostile_server import HostileServer
from tests.workstation import Printed


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


GOOD = (tarfile.TarInfo("bundle.json"), b'{"name": "x", "version": "1"}')
HELLO = b"hello\t1\n"
PROBED = HELLO + b"bundle\tx\ncurrent\t1-a\nrelease\t1-a\t1\ta\t1\tgood\nend\ndone\tTOKEN\t0\n"


def raw(data: bytes) -> bytes:
    return b"raw\n" + base64.b64encode(data) + b"\ndone\tTOKEN\t0\n"


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (raw(tar_of(GOOD, (tarfile.TarInfo("../evil"), b"x"))), (1, "leads out of its folder")),
        (raw(tar_of(GOOD, (tarfile.TarInfo("/tmp/evil"), b"x"))), (1, "is an absolute path")),
        (raw(tar_of(GOOD, link("a", "/etc"), (tarfile.TarInfo("a/evil"), b"x"))), (1, "is a link to /etc")),
        (raw(tar_of(GOOD, (tarfile.TarInfo("Bundle.json"), b"x"))), (1, "differ in case")),
        (raw(tar_of(GOOD, (tarfile.TarInfo("zeros"), bytes(40_000_000)))), (1, "unpacks to")),
        (raw(tar_of(GOOD)[:-20]), (3, "ends too early")),
        (b"raw\nno base64!\ndone\tTOKEN\t0\n", (3, "broke off before the bundle was here")),
        (b"raw\ndone\tTOKEN\t1\n", (3, "broke off before the bundle was here")),
        (b"fail\tno-release\t1-a\ndone\tTOKEN\t9\n", (3, "there is no release 1-a")),
    ],
)
def test_hostile_tar_writes_nothing(
    answer: bytes,
    ends: tuple[int, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = fetched(answer, tmp_path, monkeypatch, capsys)
    assert (printed.code, ends[1] in printed.err) == (ends[0], True), printed.err
    assert not list((tmp_path / "work").iterdir())


def test_settings_that_nobody_asked_for_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [GOOD, *((tarfile.TarInfo(f"data/x.json{end}"), b"{}") for end in ("", ".factory", ".backup"))]
    printed = fetched(raw(tar_of(*members)), tmp_path, monkeypatch, capsys)
    assert printed.code == 0, printed.err
    files = {str(path.relative_to(tmp_path / "work/x")) for path in tmp_path.glob("work/x/**/*") if path.is_file()}
    assert files == {"bundle.json", "data/x.json.factory"}


def fetched(answer: bytes, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Fetch bundle x from a gateway that gives `answer`, into the folder `work`."""
    (home / "work").mkdir()
    monkeypatch.chdir(home / "work")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    with HostileServer({"probe": PROBED, "fetch": HELLO + answer}) as server:
        server.write_known_hosts(home)
        code = main(["fetch", f"moxa@127.0.0.1:{server.port}", "--password-stdin", "--bundle", "x"])
    return Printed(code, *capsys.readouterr())
