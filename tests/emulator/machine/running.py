"""`bundlekit gateway` as a user has it: a process of its own, reached by OpenSSH."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests import fork_server

_READY = "log in"


class Gateway:
    """Runs `bundlekit gateway` on any free ports, for a user with a home of his own and a key that it lets in.

    Args:
        home: a folder for both.
        options: of the command line.
        prefix: a command to run it by.
        password: of moxa; None for the one that it makes itself.
    """

    def __init__(self, home: Path, *options: str, prefix: tuple[str, ...] = (), password: str | None = "moxa") -> None:
        self.home = home
        self.state = home / "state"
        self.said = ""
        if password is not None and "--password-stdin" not in options:
            options = (*options, "--password", password)
        self._options = options
        self._prefix = prefix
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["gateway", "--state", str(self.state), "--ssh-port", "0", "--port", "0", *self._options]
        if self._prefix:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "bundlekit", *command],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self.environment,
                cwd=self.home,
            )
        else:
            self._process = fork_server.start(
                command, environment=self.environment, cwd=self.home, stdout=subprocess.DEVNULL
            )
        assert self._process.stderr
        if "--password-stdin" in self._options:
            assert self._process.stdin
            self._process.stdin.write("secret\n")
            self._process.stdin.flush()
        self.said = ""
        for line in self._process.stderr:
            self.said += line
            if line.startswith(_READY):
                break
        else:
            raise AssertionError(f"it does not come up\n{self.said}{self.log}")
        self.port = int(self._told(r"^SSH +\S+:(\d+),"))
        self.url = self._told(r"^API +(\S+)/api/v1$")
        self.token = self._told(r"^token +(\S+)$")
        self._make_key()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.home),
        }

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        file = self.state / "machine.log"
        return file.read_text() if file.exists() else ""

    def stop(self, number: int = signal.SIGINT) -> int:
        """Returns its exit code."""
        assert self._process
        self._process.send_signal(number)
        assert self._process.stderr
        assert self._process.stdin
        self._process.stdin.close()
        with self._process.stderr as said:
            self.said += said.read()  # to its end, which it is bound to by the time-out of tests
        return self._process.wait()

    def ssh(self, command: str, *options: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return self._run("ssh", *self._ssh_options("-p"), *options, "moxa@127.0.0.1", command, given=given)

    def root(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as its root."""
        return self.ssh(f"sudo -S -p '' sh -c {_quoted(command)}", given="moxa\n")

    def scp(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("scp", *self._ssh_options("-P"), *arguments)

    def sftp(self, *options: str, given: str) -> subprocess.CompletedProcess[str]:
        """Run commands of `sftp`, one a line; it goes on after one that fails."""
        return self._run("sftp", *self._ssh_options("-P"), *options, "moxa@127.0.0.1", given=given)

    def bundlekit(self, *arguments: str, given: str = "moxa\n") -> subprocess.CompletedProcess[str]:
        return fork_server.run(arguments, given=given, environment=self.environment, cwd=self.home, timeout=120)

    def on_it(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        target = f"moxa@127.0.0.1:{self.port}"
        return self.bundlekit(verb, target, "--password-stdin", "--accept-new-host-key", *arguments)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.poll() is None:
            self.stop()

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def _run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            env=self.environment,
            cwd=self.home,
            timeout=120,
            check=False,
        )

    def _ssh_options(self, port: str) -> list[str]:
        return [
            *("-F", "none", port, str(self.port), "-i", str(self.home / "key")),
            *("-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={self.state / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"),
        ]

    def _make_key(self) -> None:
        key = self.home / "key"
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        folder = self.state / "root/home/moxa/.ssh"
        folder.mkdir(exist_ok=True)
        (folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
