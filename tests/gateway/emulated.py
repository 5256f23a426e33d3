"""An emulated gateway in this process, and bundles beside it, for clients to ask."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.running import RunningGateway, announce
from bundlekit.emulator.sdk.environment import environment
from bundlekit.gateway import GatewayClient, certificate_in
from tests import fork_server
from tests.workstation import Printed

_PATIENCE = 30.0


@dataclass
class Emulated:
    """A gateway that runs, and a user's workstation before it.

    Attributes:
        home: the user's home folder; `bundlekit` finds the gateway from there.
    """

    home: Path
    url: str
    token: str
    certificate: Path
    broker: SocketAddress
    _bundles: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def client(self) -> GatewayClient:
        return GatewayClient(self.url, self.token, trust=certificate_in(self.certificate))

    def start(self, folder: Path) -> Path:
        """Run a copy of a bundle; returns when it has registered. The copy's folder."""
        copy = self.home / f"runs-{len(self._bundles)}"
        shutil.copytree(folder, copy)
        process = subprocess.Popen(
            [sys.executable, "index.py"],
            cwd=copy,
            env={**os.environ, **environment(self.broker)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._bundles.append(process)
        output = process.stdout
        assert output
        ready = threading.Event()
        lines: list[str] = []

        def read() -> None:
            for line in output:
                lines.append(line)
                if "Register successfully" in line:
                    ready.set()

        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(_PATIENCE), "".join(lines)
        return copy

    def run(self, *arguments: str, given: str = "", cwd: Path | None = None, **variables: Any) -> Printed:
        """Run bundlekit to its end as the user who runs the gateway."""
        variables = {**self.environment, **variables}
        ended = fork_server.run(arguments, given=given, environment=variables, cwd=cwd or self.home, timeout=120)
        assert not re.search("^Traceback", ended.stderr, re.MULTILINE), ended.stderr
        return Printed(ended.returncode, ended.stdout, ended.stderr)

    @property
    def environment(self) -> dict[str, str]:
        return user_environment(self.home)

    def stop(self) -> None:
        for process in self._bundles:
            process.kill()
            process.wait(_PATIENCE)


def user_environment(home: Path) -> dict[str, str]:
    """The variables of a user with this home folder."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "run"), "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def emulated(home: Path, *, kind: Literal["run", "gateway"] = "run") -> Iterator[Emulated]:
    """Run a gateway, known to the user with this home folder."""
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    gateway = EmulatedGateway(home / f"state-{kind}")
    asyncio.run_coroutine_threadsafe(gateway.start(), loop).result(_PATIENCE)
    running = RunningGateway(kind, gateway.url, gateway.certificate, gateway.token_file, what=f"a {kind}")
    found = Emulated(home, gateway.url, gateway.token, gateway.certificate, gateway.broker)
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(home / "run")
    try:
        with announce(running):
            yield found
    finally:
        found.stop()
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before
        asyncio.run_coroutine_threadsafe(gateway.stop(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()
