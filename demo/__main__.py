"""Make a bundle, deploy it, use it, upgrade it, break it, roll it back, reboot the gateway: all for real.

The commands are run as they are shown. They run in a home folder of their own, whose ~/.ssh/config knows the
key of the gateway; sudo's password comes from a file, in place of the prompt.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.box import Box

BOLD, DIM, PLAIN = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "", "")


class Scene:
    """A developer's folder and a gateway: runs shell commands and shows them with what they print."""

    def __init__(self, home: Path, box: Box) -> None:
        self.home = home
        self.box = box
        self.gateway = f"{box.user}@{box.address}"
        (home / ".ssh").mkdir(mode=0o700)
        (home / ".ssh" / "known_hosts").write_bytes(box.known_hosts.read_bytes())
        (home / ".ssh" / "config").write_text(f"Host {box.address}\n    IdentityFile {box.client_key}\n")
        (home / "password").write_text(box.password + "\n")
        kept = {key: os.environ[key] for key in ("LANG", "TERM") if key in os.environ}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "HOME": str(home), "EMAIL": "ada@example.com"}

    def tell(self, text: str) -> None:
        print(f"\n{BOLD}# {text}{PLAIN}", flush=True)

    def run(self, line: str, *, expect: int = 0) -> None:
        """Show a command line, run it, and stop the demo if it does not end with the exit code that it should."""
        print(f"{BOLD}$ {line}{PLAIN}", flush=True)
        ended = subprocess.run(["sh", "-c", line], cwd=self.home, env=self.environment, check=False)
        if ended.returncode != expect:
            raise SystemExit(f"the demo failed: exit code {ended.returncode} where {expect} was expected")

    def on_gateway(self, verb: str, *arguments: str, expect: int = 0) -> None:
        words = shlex.join(["bundlekit", verb, self.gateway, *arguments])
        self.run(f"{words} --password-stdin <password", expect=expect)

    def request(self, method: str, path: str, body: object = None) -> None:
        """Ask the gateway's REST API, as any client does, and show the answer."""
        status, answer = self.box.api(method, path, body)
        sent = f" {json.dumps(body)}" if body is not None else ""
        print(
            f"{BOLD}{method} https://{self.box.address}/api/v1{path}{PLAIN}{sent}\n{status} {json.dumps(answer)}",
            flush=True,
        )

    def set_version(self, version: str, *, broken: bool = False) -> None:
        """Edit the bundle as a developer would: a new version, and perhaps a mistake in its index.py."""
        manifest = self.home / "thermostat" / "bundle.json"
        fields = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**fields, "version": version}, indent=4))
        main = self.home / "thermostat" / "index.py"
        source = main.read_text()
        if broken:
            self.good = source
            main.write_text(source.replace("\nimport logging", "\nimport loging", 1))
            assert main.read_text() != source


def play(scene: Scene) -> None:
    scene.tell("A new bundle")
    scene.run("bundlekit new --name thermostat --resource /thermostat:get,put --no-input")
    scene.run("bundlekit validate thermostat")

    scene.tell("On the gateway: a Debian with systemd, OpenSSH, mosquitto and Python 2.7")
    scene.on_gateway("deploy", "--bundle", "thermostat")
    scene.request("GET", "/thermostat")
    scene.request("PUT", "/thermostat", {"key": "mine"})

    scene.tell("A second version; the settings stay")
    scene.set_version("0.2.0")
    scene.on_gateway("deploy", "--bundle", "thermostat")
    scene.request("GET", "/thermostat")

    scene.tell("A third one with a mistake is taken back by itself")
    scene.set_version("0.3.0", broken=True)
    scene.on_gateway("deploy", "--bundle", "thermostat", expect=1)
    scene.request("GET", "/thermostat")

    scene.tell("Back to the first, and through a reboot")
    scene.on_gateway("rollback")
    scene.on_gateway("releases")
    scene.box.reboot()
    print(f"{DIM}(the gateway was rebooted){PLAIN}", flush=True)
    wait_for_answer(scene.box)
    scene.on_gateway("status")
    scene.request("GET", "/thermostat")


def wait_for_answer(box: Box) -> None:
    """Until the bundle has registered again, or a minute is over."""
    deadline = time.monotonic() + 60
    while box.api("GET", "/thermostat")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.5)


def main() -> None:
    print(
        "Booting a gateway; the first time its base is built from Debian packages, which takes a minute or two.",
        flush=True,
    )
    with Box() as box, tempfile.TemporaryDirectory(prefix="bundlekit-demo-") as folder:
        play(Scene(Path(folder), box))
    print(f"\n{BOLD}The gateway is gone again.{PLAIN}")


if __name__ == "__main__":
    main()
