"""`bundlekit run` as its users have it: a process, what it prints, and what answers."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.error import HTTPError

from tests import fork_server

_PATIENCE = 60.0  # seconds


class Run:
    """A context manager: running on entry, ended on exit.

    Args:
        arguments: of the verb; `--port 0` is given besides.
        home: where its state lies.

    Attributes:
        out, err: the lines on its standard output and standard error.
    """

    def __init__(self, *arguments: str | Path, home: Path, port: bool = True, variables: dict[str, str] | None = None):
        self._home = home
        self.out: list[str] = []
        self.err: list[str] = []
        self._process = fork_server.start(
            ["run", *map(str, arguments), *(["--port", "0"] if port else [])],
            environment={**os.environ, **user_folders(home), **(variables or {})},
            stdin=subprocess.DEVNULL,
        )
        assert self._process.stdout
        assert self._process.stderr
        pairs: list[tuple[IO[str], list[str]]] = [(self._process.stdout, self.out), (self._process.stderr, self.err)]
        self._readers = [threading.Thread(target=_read, args=pair) for pair in pairs]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        """Wait for its end; the exit status."""
        try:
            status = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"it does not end\n{self._told()}") from None
        for reader in self._readers:
            reader.join()
        return status

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def sees(self, pattern: str, times: int = 1) -> str:
        """Wait until a line of either output matches so many times; the last of them."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = [line for line in [*self.out, *self.err] if re.search(pattern, line)]
            if len(found) >= times:
                return found[times - 1]
            ended = self._process.poll() is not None and not any(reader.is_alive() for reader in self._readers)
            assert not ended, f"it ended without {pattern!r}\n{self._told()}"
            time.sleep(0.01)
        raise AssertionError(f"it does not say {pattern!r}\n{self._told()}")

    def answers(self, name: str, times: int = 1) -> None:
        """Wait until a bundle has been told to answer, after its so manyeth start."""
        self.sees(f"^- {name} answers", times)

    def api(self, method: str, path: str, data: Any = None) -> tuple[int, Any]:
        """Ask what it said it listens on, by a client that trusts nothing but its certificate."""
        url = self.sees("^API ").split()[1]
        body = None if data is None else json.dumps(data).encode()
        token = self.sees("^token ").split()[1]
        request = urllib.request.Request(
            url + path, body, {"mx-api-token": token, "Content-Type": "application/json"}, method=method
        )
        state = self._home / "state/bundlekit/run"
        trust = ssl.create_default_context(cafile=state / "certificate.pem")
        try:
            with urllib.request.urlopen(request, context=trust, timeout=30) as response:
                status, answer = response.status, response.read()
        except HTTPError as refused:
            with refused:
                status, answer = refused.code, refused.read()
        return status, json.loads(answer) if answer else None

    def _told(self) -> str:
        return "\n".join([*self.out, *self.err])


def user_folders(home: Path) -> dict[str, str]:
    """What has a program keep its state below a folder, but share the cache of bytecode."""
    return {"XDG_STATE_HOME": str(home / "state"), "TMPDIR": str(home)}


def _read(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))
