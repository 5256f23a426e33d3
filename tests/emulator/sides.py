"""Where the same bundles run: on the booted gateway, and on this machine beside the emulated gateway."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.sdk.environment import environment
from bundlekit.emulator.threaded import Loop
from tests.box import Box
from tests.emulator.conftest import Mosquitto


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


class Side(ABC):
    """A gateway, and bundles on it that are started by hand."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}

    def start(self, name: str) -> int:
        """Start a bundle, wait until it is registered; its process."""
        self._pids[name] = self._start(name)
        return self._pids[name]

    def pid(self, name: str) -> int:
        """The process of a bundle that was started last."""
        return self._pids[name]

    @abstractmethod
    def put(self, folder: Path) -> None:
        """Take the bundles in a folder."""

    @abstractmethod
    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]: ...

    @abstractmethod
    def log(self, name: str) -> str:
        """What a bundle has printed since its last start."""

    @abstractmethod
    def kill(self, name: str) -> None:
        """End a bundle without a warning."""

    @abstractmethod
    def lives(self, pid: int) -> bool: ...

    @abstractmethod
    def _start(self, name: str) -> int: ...


class OnBox(Side):
    """Python 2.7 over mosquitto, as on a gateway."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self._box = box
        self._started: list[int] = []

    def put(self, folder: Path) -> None:
        self._box.put(folder, "/root/sdk")

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self._box.api(method, path, body)

    def log(self, name: str) -> str:
        return self._box.run(f"cat /root/sdk/{name}/log").stdout

    def kill(self, name: str) -> None:
        self._box.run(f"pkill -KILL --session {self.pid(name)}")

    def lives(self, pid: int) -> bool:
        return self._box.run(f"kill -0 {pid} && echo yes || echo no").stdout == "yes\n"

    def _start(self, name: str) -> int:
        # The words come for the model first, then for the view, or that there is none.
        model, view = f"Register successfully {name} tunnel: [0-9]*$", f"{name}-view \\(no need\\|tunnel\\)"
        wait = f"""
            cd /root/sdk/{name} && : >log
            setsid python index.py >>log 2>&1 </dev/null &
            for i in $(seq 300); do
                if grep -q '{model}' log && grep 'egister' log | grep -q '{view}'; then echo $!; exit; fi
                sleep 0.1
            done
            cat log; exit 1
        """
        pid = int(self._box.run(wait).stdout)
        self._started.append(pid)
        return pid

    def close(self) -> None:
        """End all that still runs: what comes later on the same box finds every bundle that was started by hand."""
        for pid in self._started:
            self._box.run(f"pkill -KILL --session {pid}", check=False)


class OnThisMachine(Side):
    """This Python, with what it lacks for the SDK bridged, beside an emulated gateway."""

    def __init__(self, gateway: EmulatedGateway) -> None:
        super().__init__()
        self._gateway = gateway
        self._tls = ssl.create_default_context(cafile=gateway.certificate)
        self._folder = Path()
        self.processes: list[subprocess.Popen[bytes]] = []

    def put(self, folder: Path) -> None:
        self._folder = folder

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self._gateway.url}/api/v1{path}",
            method=method,
            headers={"mx-api-token": self._gateway.token, "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=70) as response:
                return response.status, json.loads(response.read() or b"null")
        except HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")

    def log(self, name: str) -> str:
        return (self._folder / name / "log").read_text()

    def kill(self, name: str) -> None:
        (process,) = [one for one in self.processes if one.pid == self.pid(name)]
        process.kill()
        process.wait()

    def lives(self, pid: int) -> bool:
        return any(one.pid == pid and one.poll() is None for one in self.processes)

    def _start(self, name: str) -> int:
        folder = self._folder / name
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "index.py"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment(self._gateway.broker)},
            )
        self.processes.append(process)

        def is_registered() -> bool:
            words = self.log(name)
            assert process.poll() is None, words
            view = f"{name}-view no need" in words or f"Register successfully {name}-view" in words
            return f"Register successfully {name} tunnel" in words and view

        wait_until(is_registered)
        return process.pid


@contextmanager
def on_box(request: pytest.FixtureRequest) -> Iterator[Side]:
    side = OnBox(request.getfixturevalue("shared_box"))
    try:
        yield side
    finally:
        side.close()


@contextmanager
def on_this_machine(request: pytest.FixtureRequest, *, embedded: bool) -> Iterator[Side]:
    state = request.getfixturevalue("tmp_path_factory").mktemp("state")
    mosquitto = None if embedded else Mosquitto(state)
    if mosquitto:
        mosquitto.start()
    gateway = EmulatedGateway(state, broker=mosquitto.address if mosquitto else None)
    with Loop() as loop:
        loop.run(gateway.start())
        side = OnThisMachine(gateway)
        try:
            yield side
        finally:
            for process in side.processes:
                process.kill()
                process.wait()
            loop.run(gateway.stop())
            if mosquitto:
                mosquitto.stop()


SIDES: dict[str, Callable[[pytest.FixtureRequest], AbstractContextManager[Side]]] = {
    "python-2.7-mosquitto-booted": on_box,
    "python-3-embedded": lambda request: on_this_machine(request, embedded=True),
    "python-3-mosquitto": lambda request: on_this_machine(request, embedded=False),
}
