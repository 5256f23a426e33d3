"""Odd surroundings: streams that are closed, files that are folders, agents that hang. A message, and never a crash."""

from __future__ import annotations

import io
import os
import pwd
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bundlekit.cli.main import main
from bundlekit.errors import Unreadable
from bundlekit.ssh import agent
from bundlekit.ssh.address import look_up
from bundlekit.ssh.target import parse_target
from tests.remote.hostile_server import GATEWAY, PASSWORD, HostileServer, answer, running

WELL = "example  0.0.1, release 0.0.1-00000000"


@dataclass(frozen=True)
class Surroundings:
    """What is odd, and what comes of it.

    Attributes:
        code: with which bundlekit ends, and
        words: that it prints.
        files: of the home folder, with their content; None for a folder.
        environment: besides the usual.
        arguments: besides the usual.
        shell: how bundlekit is run, as `"$@"`; by default here.
        given: on standard input.
    """

    code: int
    words: str
    files: dict[str, bytes | None] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("--password-stdin",)
    shell: str = ""
    given: bytes = PASSWORD.encode() + b"\n"


def config(*lines: str) -> dict[str, bytes | None]:
    return {".ssh/config": "\n".join(lines).encode()}


CASES = {
    "nothing": Surroundings(0, WELL),
    "standard input closed": Surroundings(2, "standard input has no password", shell='"$@" <&-'),
    "standard input closed, nobody to ask": Surroundings(
        3, "no terminal for the question", shell='"$@" <&-', arguments=()
    ),
    "standard output closed": Surroundings(0, "", shell='"$@" >&-'),
    "all closed": Surroundings(2, "", shell='"$@" <&- >&- 2>&-'),
    "standard output full": Surroundings(3, "cannot write the output", shell='"$@" >/dev/full'),
    "password that is no text": Surroundings(2, "is not a line of text", given=b"a\xff\n"),
    "password with a zero": Surroundings(2, "is not a line of text", given=b"a\0b\n"),
    "password without end": Surroundings(2, "is not a line of text", shell='"$@" </dev/zero'),
    "folder gone": Surroundings(0, WELL, shell='mkdir gone && cd gone && rmdir ../gone && "$@"'),
    "terminal that can nothing": Surroundings(0, WELL, environment={"TERM": "dumb", "COLUMNS": "20", "LINES": "2"}),
    "letters that cannot be shown": Surroundings(
        0, "gr", environment={"PYTHONIOENCODING": "ascii"}, arguments=("logs",), shell='"$@"'
    ),
    "other encoding": Surroundings(
        0, "n \\u2192", environment={"PYTHONIOENCODING": "latin-1"}, arguments=("logs",), shell='"$@"'
    ),
    "no agent there": Surroundings(0, WELL, environment={"SSH_AUTH_SOCK": "/none/such"}),
    "agent that is a file": Surroundings(0, WELL, environment={"SSH_AUTH_SOCK": "/etc/passwd"}),
    "agent with a long name": Surroundings(0, WELL, environment={"SSH_AUTH_SOCK": "/" + "x" * 300}),
    "home that is a file": Surroundings(3, "is not known", environment={"HOME": "/etc/passwd"}),
    "known_hosts is a folder": Surroundings(3, "Is a directory", {".ssh/known_hosts": None}),
    "known_hosts of nonsense": Surroundings(
        3, "is not known", {".ssh/known_hosts": b"a\0b ssh-rsa AAAA\n\xff\n@x\n* ssh-rsa AAAAB3NzaC1=\n|1|a|b x y\n"}
    ),
    "configuration that is a folder": Surroundings(3, "Is a directory", {".ssh/config": None}, {"PATH": "/none"}),
    "configuration that is broken": Surroundings(3, "line 1", config('Host "a')),
    "configuration that is broken, no OpenSSH": Surroundings(3, "line 1", config('Host "a'), {"PATH": "/none"}),
    "configuration of nonsense": Surroundings(3, "ssh configuration", config("ConnectTimeout soon"), {"PATH": "/none"}),
    "user who is not there": Surroundings(
        3, "cannot read the ssh configuration", config("Include ~no-one/x"), {"PATH": "/none"}
    ),
    "other user who is not there": Surroundings(
        3, "makes no sense", config("UserKnownHostsFile ~no-one/x"), {"PATH": "/none"}
    ),
    "name that no host has": Surroundings(3, "leads nowhere", config("HostName a..b")),
    "proxy that is not there": Surroundings(3, "such: not found", config("ProxyCommand /none/such")),
    "key that is a folder": Surroundings(
        3, "key: it cannot be read: Is a directory", {**config("IdentityFile ~/key"), "key": None}, arguments=()
    ),
    "key that is not there": Surroundings(3, "key: it is not there", config("IdentityFile ~/key"), arguments=()),
    "key that is none": Surroundings(
        3, "key: it is not a private key", {**config("IdentityFile ~/key"), "key": b"\0\xff"}, arguments=()
    ),
    "key that breaks off": Surroundings(
        3,
        "key: it is not a private key",
        {
            **config("IdentityFile ~/key"),
            "key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
        },
        arguments=(),
    ),
    "key that is the root": Surroundings(3, "cannot be read", config("IdentityFile /"), arguments=()),
}


@pytest.fixture(scope="module")
def gateway() -> Iterator[HostileServer]:
    state = answer(*GATEWAY, *running("example", "0.0.1", "0" * 64))
    replies = {"probe": state + b"done\tTOKEN\t0\n", "logs": answer("raw", "grün →") + b"done\tTOKEN\t0\n"}
    with HostileServer(replies) as gateway:
        yield gateway


@pytest.mark.parametrize("name", CASES)
def test_surroundings_are_no_reason_to_crash(gateway: HostileServer, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    (tmp_path / ".ssh").mkdir()
    if ".ssh/known_hosts" not in case.files:
        gateway.write_known_hosts(tmp_path)
    for file, content in case.files.items():
        if content is None:
            (tmp_path / file).mkdir()
        else:
            (tmp_path / file).write_bytes(content)
    verb, arguments = ("logs", ("--password-stdin",)) if case.arguments == ("logs",) else ("status", case.arguments)
    command = [verb, "--bundle", "example", f"moxa@127.0.0.1:{gateway.port}", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **case.environment}
    code, said = (run_apart if case.shell else run_here)(case, command, tmp_path, environment)
    assert "fault of bundlekit" not in said
    assert "Traceback" not in said
    assert (code, case.words in said) == (case.code, True), said
    assert not list(tmp_path.rglob("crash-*"))


def run_apart(case: Surroundings, command: list[str], home: Path, environment: dict[str, str]) -> tuple[int, str]:
    ended = subprocess.run(
        ["/bin/sh", "-c", case.shell, "sh", sys.executable, "-m", "bundlekit", *command],
        input=case.given,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=home,
        capture_output=True,
        check=False,
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode("ascii", "backslashreplace")


def run_here(case: Surroundings, command: list[str], home: Path, environment: dict[str, str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.delenv("SSH_AUTH_SOCK", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(home)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(case.given), "utf-8", "surrogateescape"))
        code = main(command)
    return code, out.getvalue() + err.getvalue()


@contextmanager
def agent_that(says: bytes, folder: Path) -> Iterator[str]:
    """An agent that says something to whoever comes, and nothing any more."""
    place = str(folder / "agent")
    guests: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    guests.append(listening.accept()[0])
                    guests[-1].sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield place
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for guest in guests:
                guest.close()


SAYS = {
    "nothing": (b"", "says nothing"),
    "a part": (b"\0\0\0\x09\x0c", "says nothing"),
    "that it fails": (b"\0\0\0\x05\x05\0\0\0\0", "does not list keys"),
    "four gigabytes": (b"\xff\xff\xff\xff", "it announces 4294967295 bytes"),
    "four thousand million keys": (b"\0\0\0\x05\x0c\xff\xff\xff\xff", "does not list keys"),
    "a list that breaks off": (b"\0\0\0\x09\x0c\0\0\0\1\0\0\1\0", "its list breaks off"),
    "no line": (b"HTTP/1.1 400 Bad Request", "it announces"),
}


@pytest.mark.parametrize("name", SAYS)
def test_agent_that_is_none_is_told_and_the_log_in_goes_on(
    gateway: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(agent, "_PATIENCE", 0.1)
    (tmp_path / ".ssh").mkdir()
    gateway.write_known_hosts(tmp_path)
    says, words = SAYS[name]
    target = f"moxa@127.0.0.1:{gateway.port}"
    with agent_that(says, tmp_path) as place:
        environment = {"HOME": str(tmp_path), "SSH_AUTH_SOCK": place}
        code, said = run_here(Surroundings(0, ""), ["status", target, "--password-stdin"], tmp_path, environment)
        assert code == 0, said
        code, said = run_here(Surroundings(0, ""), ["status", target], tmp_path, environment)
        assert code == 3
        assert f"the agent at {place}: " in said
        assert words in said


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that the password file does not have, as in containers."""

    def nobody(user: int) -> Any:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nameless")
def test_user_without_a_name_is_at_home_where_home_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host gw\n Port 7\n")
    assert look_up(parse_target("moxa@gw")).port == 7
    with pytest.raises(Unreadable, match="write USER@HOST"):
        look_up(parse_target("gw"))
