"""A real broker for the controller and the REST front."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.emulator.address import SocketAddress


class Mosquitto:
    """A mosquitto of our own on a loopback port."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = SocketAddress("127.0.0.1", free.getsockname()[1])
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(f"listener {self.address.port} 127.0.0.1\nallow_anonymous true\n")
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", self._configuration], stdout=log, stderr=log)
        for _ in range(500):
            assert self._process.poll() is None, self._log.read_text()
            try:
                socket.create_connection((self.address.host, self.address.port)).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("mosquitto does not answer")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()
