"""How a command line ends: exit codes, what an error looks like, crashes, Ctrl-C, a reader that has enough."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from bundlekit import errors
from bundlekit.cli import main, report_error
from bundlekit.cli.commands import completion
from bundlekit.errors import BundlekitError, CouldNotRun, Interrupted, NeedsHuman, Unreadable

ROOT = Path(__file__).parents[1]


def _tree(root: type[BundlekitError]) -> Iterator[type[BundlekitError]]:
    yield root
    for below in root.__subclasses__():
        yield from _tree(below)


def _drawn() -> list[tuple[str, int, int]]:
    """The tree in the module's docstring: name, depth, exit code."""
    lines = re.findall(r"^( {4}[|` -]*)(\w+) +(\d+)", errors.__doc__ or "", re.MULTILINE)
    return [(name, (len(indent) - 4) // 4, int(code)) for indent, name, code in lines]


def test_the_tree_is_as_it_is_drawn() -> None:
    depth = {kind.__name__: len(kind.__mro__) - len(BundlekitError.__mro__) for kind in _tree(BundlekitError)}
    real = {(kind.__name__, depth[kind.__name__], kind.exit_code) for kind in _tree(BundlekitError)}
    assert set(_drawn()) == {entry for entry in real if hasattr(errors, entry[0])}


@pytest.mark.parametrize("kind", list(_tree(BundlekitError)), ids=lambda kind: kind.__name__)
def test_every_error_ends_with_its_exit_code(
    kind: type[BundlekitError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(shell: str) -> int:
        raise kind("the thing failed")

    monkeypatch.setattr(completion.command, "callback", fail)
    assert main(["completion", "bash"]) == kind.exit_code
    assert capsys.readouterr() == ("", "error: the thing failed\n")


def test_message_comes_first_then_what_was_kept_then_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    error = NeedsHuman("it failed", kept="the release before runs", hint="look at it", details=("one", "two\tthree"))
    assert report_error.show(error) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error: it failed",
        "  | one",
        "  | two     three",
        " kept: the release before runs",
        " hint: look at it",
    ]


def test_nothing_in_an_error_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\x9b2J\u202e\r\nroot# \udcff"
    report_error.show(Unreadable(evil, kept=evil, hint=evil, details=(evil,)))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert all(r"\x1b]0;owned\x07\x9b2J\u202e\r\nroot# \xff" in line for line in lines)


CRASH = """
import sys
from bundlekit.cli import main
from bundlekit.cli.commands import completion

def fail(shell):
    password = "hunter" + "2"
    settings = {"token": "s3cr" + "et", "password": password}
    raise ZeroDivisionError("division by zero")

completion.command.callback = fail
sys.exit(main(["completion", "bash"]))
"""


def _crash(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CRASH],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_PASSWORD": "hunter2", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_crash_writes_a_report_and_says_where(tmp_path: Path) -> None:
    run = _crash(XDG_STATE_HOME=str(tmp_path))
    (report,) = (tmp_path / "bundlekit").iterdir()
    assert (run.returncode, run.stdout) == (3, "")
    assert str(report) in run.stderr
    assert "Traceback" not in run.stderr
    assert "a fault of bundlekit, not yours" in run.stderr
    content = report.read_text(encoding="utf-8")
    for part in ("ZeroDivisionError: division by zero", "in fail", "['completion', 'bash']", "bundlekit 0."):
        assert part in content
    assert report.stat().st_mode & 0o777 == 0o600


def test_crash_report_holds_no_secret(tmp_path: Path) -> None:
    run = _crash(XDG_STATE_HOME=str(tmp_path))
    (report,) = (tmp_path / "bundlekit").iterdir()
    for text in (report.read_text(encoding="utf-8"), run.stderr):
        assert "hunter2" not in text
        assert "s3cret" not in text


def test_crash_report_goes_to_the_terminal_when_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = _crash(XDG_STATE_HOME=str(tmp_path / "file"))
    assert run.returncode == 3
    assert "ZeroDivisionError: division by zero" in run.stderr
    assert "hunter2" not in run.stderr


WAIT = """
import sys, time
from bundlekit.cli import main
from bundlekit.cli.commands import completion

def wait(shell):
    print("waiting", flush=True)
    time.sleep(600)

completion.command.callback = wait
sys.exit(main(["completion", "bash"]))
"""


def test_ctrl_c_in_the_middle_of_work_exits_with_130() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAIT], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == Interrupted.exit_code == 130
    assert (out, err.strip()) == ("", "error: interrupted")


def test_ctrl_c_at_a_question_exits_with_130(tmp_path: Path) -> None:
    child = pexpect.spawn(sys.executable, ["-m", "bundlekit", "new"], cwd=str(tmp_path), encoding="utf-8", timeout=60)
    child.expect("[Nn]ame")
    for _ in range(10):
        # Python's own input() misses a signal that comes just before it reads, and ends at the next one.
        child.sendintr()
        if child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=6) == 0:
            break
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in str(child.before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        ["--help"],
        ["deploy", "--help"],
        ["completion", "bash"],
        ["validate", "--format", "json", "tests/fixtures/example"],
    ],
    ids=" ".join,
)
def test_a_reader_that_is_gone_ends_it_without_a_word(line: list[str]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        run = subprocess.run(
            [sys.executable, "-m", "bundlekit", *line],
            cwd=ROOT,
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(theirs)
    assert (run.returncode, run.stderr) == (128 + signal.SIGPIPE, "")


def test_a_broken_pipe_to_somebody_else_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(shell: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(completion.command, "callback", fail)
    assert main(["completion", "bash"]) == 3
    assert "BrokenPipeError" in capsys.readouterr().err


def test_a_full_disk_behind_the_output_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "bundlekit", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == CouldNotRun.exit_code
    assert "No space left on device" in run.stderr
    assert "Traceback" not in run.stderr


def test_exit_codes_of_the_readme_and_the_error_tree_are_the_real_ones() -> None:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in errors.EXIT_CODES.items())
    assert f"| exit code | |\n|---|---|\n{rows}\n" in (ROOT / "README.md").read_text("utf-8")
    drawn = re.findall(r"^[ |`-]*([A-Z]\w+) +(\d+) ", str(errors.__doc__), re.MULTILINE)
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BundlekitError)]
    assert {name: int(code) for name, code in drawn} == {one.__name__: one.exit_code for one in classes}
    assert {one.exit_code for one in classes} <= errors.EXIT_CODES.keys()
