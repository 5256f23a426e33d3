"""The script and the command line around it, under the shells that gateways have."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from bundlekit.deploy import command, script

SHELLS = [("dash",), ("busybox", "sh"), ("bash", "--posix")]
HOSTILE = ["-rf", "--", "../x", "a b", "$(reboot)", "a'b", 'a"b', "a\nb", "*", "", "ü", "x" * 5000, "a\\b", "`id`"]


def test_script_is_clean_for_shellcheck() -> None:
    checked = subprocess.run(["shellcheck", "-"], input=script.text(), text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_script_travels_in_one_packet_of_the_channel() -> None:
    assert gzip.decompress(script.compressed()).decode() == script.text()
    assert len(script.compressed()) < 32_768


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    "arguments", [["probe", name] for name in [*HOSTILE[2:-4], "ü", "a\\b", "`id`", "x1"]] + [["stop", "a_b", "w"]]
)
def test_name_that_is_no_bundle_name_never_becomes_a_path(
    tmp_path: Path, shell: tuple[str, ...], arguments: list[str]
) -> None:
    file = tmp_path / "gateway.sh"
    file.write_text(script.text())
    root = tmp_path / "root"
    ended = subprocess.run(
        [*shell, file, *arguments], env={**os.environ, "BUNDLEKIT_ROOT": str(root)}, capture_output=True, check=False
    )
    assert ended.returncode == 9
    assert ended.stdout.splitlines()[-1].startswith(b"fail\tname\t")
    assert not root.exists()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("password", [None, "s3cret", "with ' and \" and $(id) and \\"])
def test_arguments_arrive_as_they_are_and_the_password_does_not(
    monkeypatch: pytest.MonkeyPatch, shell: tuple[str, ...], password: str | None
) -> None:
    monkeypatch.setattr(script, "compressed", lambda: gzip.compress(b'for a; do printf "%s\\0" "$a"; done; cat; env'))
    call = command.call("verb", *HOSTILE, is_root=True, password=password)
    plain = {"PATH": os.environ["PATH"]}
    ended = subprocess.run([*shell, "-c", call.command], input=call.stdin, env=plain, capture_output=True, check=True)
    *arguments, rest = ended.stdout.split(b"\0")
    assert [argument.decode() for argument in arguments] == ["verb", *HOSTILE]
    if password:
        assert password not in call.command
        assert password.encode() not in rest
        assert password not in repr(call)
    assert ended.stderr == b""


def test_temporary_script_is_removed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "compressed", lambda: gzip.compress(b'echo "$0"'))
    call = command.call("verb", is_root=True, password=None)
    ended = subprocess.run(["sh", "-c", call.command], input=call.stdin, capture_output=True, text=False, check=True)
    place = Path(ended.stdout.decode().strip())
    assert place.name == "gateway.sh"
    assert not place.parent.exists()


def test_password_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="one line"):
        command.call("probe", is_root=False, password="a\nreboot")
