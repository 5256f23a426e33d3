"""Make a bundle, deploy it to an emulated gateway, use it, upgrade it, break it, roll it back, restart the gateway.

Needs no root and no gateway. The commands are run as they are shown, in a home folder of their own.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOLD, DIM, PLAIN = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "", "")
PATIENCE = 30.0  # seconds


class Scene:
    """A developer's folder: runs commands there and shows them with what they print."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / ".ssh").mkdir(mode=0o700)
        kept = {key: os.environ[key] for key in ("LANG", "TERM") if key in os.environ}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "HOME": str(home), "EMAIL": "ada@example.com"}
        self.sound_source = ""

    def tell(self, text: str) -> None:
        print(f"\n{BOLD}# {text}{PLAIN}", flush=True)

    def run(self, line: str, *, expect: int = 0) -> None:
        """Show a command line, run it, and stop the demo if it does not end with the exit code that it should."""
        print(f"{BOLD}$ {line}{PLAIN}", flush=True)
        ended = subprocess.run(["sh", "-c", line], cwd=self.home, env=self.environment, check=False)
        if ended.returncode != expect:
            raise SystemExit(f"the demo failed: exit code {ended.returncode} where {expect} was expected")

    def on_gateway(self, verb: str, *arguments: str, expect: int = 0) -> None:
        self.run(shlex.join(["bundlekit", verb, "gateway", *arguments]), expect=expect)

    @contextmanager
    def gateway(self) -> Iterator[None]:
        """An emulated gateway that runs in the background."""
        line = "bundlekit gateway --ssh-port 0 --port 0"
        print(f"{BOLD}$ {line} &{PLAIN}", flush=True)
        with (self.home / "gateway.log").open("w") as log:
            process = subprocess.Popen(
                line.split(), cwd=self.home, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        try:
            self._know(self._wait_for(process))
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> str:
        """`HOST:PORT` of its SSH server, once it answers."""
        running = self.home / ".local" / "state" / "bundlekit" / "running"
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            for record in running.glob("*.json"):
                ssh: str = json.loads(record.read_bytes())["ssh"]
                return ssh
            time.sleep(0.05)
        raise SystemExit(f"the emulated gateway did not start:\n{(self.home / 'gateway.log').read_text()}")

    def _know(self, ssh: str) -> None:
        """Write it down in ~/.ssh, as one does for a gateway that one uses often."""
        host, _, port = ssh.rpartition(":")
        entry = f"Host gateway\n    HostName {host}\n    Port {port}\n    User moxa\n"
        (self.home / ".ssh/config").write_text(entry)

    def set_version(self, version: str, mistake: tuple[str, str] | None = None) -> None:
        """Edit the bundle as a developer would: a new version, and perhaps something in its index.py spelled wrong."""
        manifest = self.home / "thermostat" / "bundle.json"
        fields = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**fields, "version": version}, indent=4))
        main = self.home / "thermostat" / "index.py"
        source = self.sound_source = self.sound_source or main.read_text()
        if mistake:
            source = source.replace(*mistake, 1)
            assert source != self.sound_source
        main.write_text(source)


def play(scene: Scene) -> None:
    scene.tell("A new bundle")
    scene.run("bundlekit new --name thermostat --resource /thermostat:get,put --no-input")
    scene.run("bundlekit validate thermostat")
    scene.run("bundlekit pack thermostat")

    scene.tell("A gateway to try it on, without a gateway")
    with scene.gateway():
        scene.on_gateway("deploy", "--bundle", "thermostat")
        scene.run("bundlekit api GET /thermostat")
        scene.run('bundlekit api PUT /thermostat -d \'{"key": "mine"}\'')

        scene.tell("A second version; the settings stay")
        scene.set_version("0.2.0")
        scene.on_gateway("deploy", "--bundle", "thermostat")
        scene.run("bundlekit api GET /thermostat")

        scene.tell("A third one that the gateway cannot run is refused before anything stops")
        scene.set_version("0.3.0", ("\nimport logging", "\nimport loging"))
        scene.on_gateway("deploy", "--bundle", "thermostat", expect=1)

        scene.tell("The gateway rolls back a fourth one that fails once it runs")
        scene.set_version("0.4.0", ("threading.Lock()", "threading.Look()"))
        scene.on_gateway("deploy", "--bundle", "thermostat", expect=1)
        scene.run("bundlekit api GET /thermostat")

        scene.tell("Back to the first")
        scene.on_gateway("rollback")
        scene.on_gateway("releases")

    print(f"{DIM}(the gateway was stopped, and is started again){PLAIN}", flush=True)
    with scene.gateway():
        wait_for_answer(scene)
        scene.on_gateway("status")
        scene.run("bundlekit api GET /thermostat")
        scene.run("bundlekit verify --bundle thermostat")


def wait_for_answer(scene: Scene) -> None:
    """Until the bundle has registered again."""
    deadline = time.monotonic() + PATIENCE
    command = ["bundlekit", "api", "GET", "/thermostat"]
    while subprocess.run(command, env=scene.environment, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise SystemExit("the bundle did not come back after the restart")
        time.sleep(0.2)


def main() -> None:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bundlekit-demo-") as folder:
        play(Scene(Path(folder)))
    print(f"\n{BOLD}Done in {time.monotonic() - begin:.0f} s; nothing is left running.{PLAIN}")


if __name__ == "__main__":
    main()
