"""A developer's workstation: a home folder of its own, from which the real command line reaches a gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fork_server
from tests.box import Machine

SAMPLE = Path(__file__).parent / "fixtures" / "example"


@dataclass(frozen=True)
class Printed:
    """What a run of bundlekit left: its exit code and what it printed."""

    code: int
    out: str
    err: str


class Workstation:
    """Runs bundlekit as a developer does who has keys for `machine`, and a Host entry `gateway`."""

    def __init__(self, home: Path, machine: Machine) -> None:
        self.home = home
        self.machine = machine
        (home / ".ssh").mkdir(mode=0o700)
        self.known_hosts = home / ".ssh" / "known_hosts"
        shutil.copy(machine.known_hosts, self.known_hosts)
        self.write_config(f"IdentityFile {machine.client_key}")

    def write_config(self, *lines: str, host: str | None = None) -> None:
        entry = [f"HostName {host or self.machine.address}", f"User {self.machine.user}", *lines]
        text = "Host gateway\n" + "".join(f"    {line}\n" for line in entry)
        (self.home / ".ssh" / "config").write_text(text)

    def go_through(self, port: int) -> None:
        """Reach the gateway through a port of the loopback."""
        key, name = f"IdentityFile {self.machine.client_key}", f"HostKeyAlias {self.machine.address}"
        self.write_config(key, f"Port {port}", name, host="127.0.0.1")

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        return {**kept, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bundlekit", *arguments]

    def run(self, *arguments: str, given: str | None = None, prefix: tuple[str, ...] = ()) -> Printed:
        """Run bundlekit to its end, with the gateway's password (or `given`) on standard input."""
        stdin = self.machine.password + "\n" if given is None else given
        if prefix:
            ended = subprocess.run(
                [*prefix, *self.command(*arguments)],
                input=stdin,
                capture_output=True,
                text=True,
                env=self.environment,
                cwd=self.home,
                timeout=240,
                check=False,
            )
        else:
            ended = fork_server.run(arguments, given=stdin, environment=self.environment, cwd=self.home, timeout=240)
        assert not re.search("^Traceback", ended.stderr, re.MULTILINE), ended.stderr
        return Printed(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start bundlekit, with the gateway's password on standard input."""
        client = fork_server.start(arguments, environment=self.environment, cwd=self.home)
        assert client.stdin
        client.stdin.write(self.machine.password + "\n")
        client.stdin.flush()
        return client

    def on_gateway(self, verb: str, *arguments: str, **others: Any) -> Printed:
        """Run a verb against the gateway, the password on standard input."""
        return self.run(verb, "gateway", "--password-stdin", *arguments, **others)

    def begin(self, verb: str, *arguments: str) -> subprocess.Popen[str]:
        """Run a verb against the gateway and do not wait; what it says on standard error can be read."""
        return self.start(verb, "gateway", "--password-stdin", *arguments)

    def deploy(self, bundle: Path, *arguments: str, **others: Any) -> Printed:
        return self.on_gateway("deploy", "--bundle", str(bundle), *arguments, **others)

    def status(self) -> dict[str, Any]:
        printed = self.on_gateway("status", "--format", "json")
        found: dict[str, Any] = json.loads(printed.out)
        return found

    def sample(
        self,
        version: str = "0.0.1",
        *,
        name: str = "example",
        before_main: str = "",
        prompt: bool = True,
        **manifest: Any,
    ) -> Path:
        """A bundle folder like the vendor's sample.

        Args:
            version: of it.
            name: of it; its resource is `/<name>`.
            before_main: source that its index.py runs just before it starts.
            prompt: whether it registers at once, or after up to five seconds, which the SDK lets chance choose.
            manifest: other fields of bundle.json.
        """
        folder = self.home / f"bundle-{len(list(self.home.iterdir()))}"
        shutil.copytree(SAMPLE, folder)
        fields = json.loads((folder / "bundle.json").read_text())
        fields |= {"name": name, "version": version, **manifest}
        fields["resources"] = [{"methods": ["get", "put"], "resource": f"/{name}"}]
        (folder / "bundle.json").write_text(json.dumps(fields))
        if name != "example":
            (folder / "data/example.json.factory").rename(folder / "data" / f"{name}.json.factory")
        main = folder / "index.py"
        source = main.read_text().replace('"example"', f'"{name}"').replace('"/example"', f'"/{name}"')
        if prompt:
            source = source.replace("    example.start()", "    example.reg_delay = 0\n    example.start()")
        main.write_text(source.replace("if __name__", f"{before_main}\nif __name__"))
        return folder
