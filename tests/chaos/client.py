"""The real command line as a process of its own, forked from one that has imported everything: that saves time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.workstation import Workstation

_IMPORTED = [
    "__main__",
    "tests.chaos.matrix",
    "bundlekit.cli.main",
    "bundlekit.cli.archive",
    "bundlekit.cli.commands.deploy",
    "bundlekit.cli.precheck",
    "bundlekit.cli.commands.rollback",
    "bundlekit.cli.commands.status",
    "bundlekit.deploy.verbs",
    "bundlekit.remote.session",
    "bundlekit.ssh.transport",
    "bundlekit.remote.scp",
    "bundlekit.lint.engine",
    "paramiko",
    "scp",
]


@cache
def _fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    return context


def _be_bundlekit(arguments: list[str], environment: dict[str, str], folder: str, said: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, (path, flags) in enumerate(
        (
            (f"{folder}/password", os.O_RDONLY),
            (f"{said}.out", os.O_CREAT | os.O_WRONLY),
            (f"{said}.err", os.O_CREAT | os.O_WRONLY),
        )
    ):
        os.dup2(os.open(path, flags | os.O_APPEND, 0o600), number)
    sys.stdin = open(0)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from bundlekit.cli.main import main

    sys.exit(main(arguments))


class Client:
    """A run of bundlekit against the gateway of a workstation, the password on standard input."""

    def __init__(self, workstation: Workstation, verb: str, *arguments: str) -> None:
        (workstation.home / "password").write_text(workstation.machine.password + "\n")
        self._number = len(list(workstation.home.glob("said-*.err")))
        self._said = workstation.home / f"said-{self._number}"
        self._said.with_suffix(".err").touch()
        line = [verb, "gateway", "--password-stdin", *arguments]
        self.command = " ".join(line)
        self._process = _fork_server().Process(
            target=_be_bundlekit,
            args=(line, workstation.environment, str(workstation.home), str(self._said)),
            daemon=True,
        )
        self._process.start()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, negative after a signal; None if it still runs then."""
        self._process.join(seconds)
        return self._process.exitcode

    def is_over(self) -> bool:
        return self._process.exitcode is not None

    def signal(self, number: int) -> None:
        if self._process.pid is not None and not self.is_over():
            os.kill(self._process.pid, number)

    @property
    def out(self) -> str:
        return _text(self._said.with_suffix(".out"))

    @property
    def err(self) -> str:
        return _text(self._said.with_suffix(".err"))


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
