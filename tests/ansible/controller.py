"""A controller: Ansible of some version, and an inventory of booted gateways."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.box import Machine

ROOT = Path(__file__).parents[2]
VERSIONS = ("ansible-oldest", "ansible")


class Controller:
    """Runs programs of Ansible in a home folder of its own.

    Args:
        home: that folder.
        version: the environment of Ansible, one of `VERSIONS`.
        secrets: that no program may show.
    """

    def __init__(self, home: Path, version: str = VERSIONS[-1], secrets: tuple[str, ...] = ()) -> None:
        self.home = home
        self.secrets = secrets
        self.programs = ROOT / ".venv" / version / "bin"
        self.inventory = home / "inventory.ini"
        (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
        (home / "ansible.cfg").write_text("[defaults]\n")

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            [str(self.programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.home,
            env={**self.environment, **environment},
            timeout=280,
            check=False,
        )

    def pipe(self, program: str, *arguments: str, given: bytes = b"", prefix: tuple[str, ...] = ()) -> bytes:
        """What a program prints that gets something; it has to end well."""
        words = (f"{name}={value}" for name, value in self.environment.items())
        done = subprocess.run(
            [*prefix, "env", *words, str(self.programs / program), *arguments],
            input=given,
            capture_output=True,
            cwd=self.home,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-3000:], done.stderr)
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.home / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_INVENTORY": str(self.inventory),
        }

    def write_inventory(self, lines: dict[str, dict[str, Any]], groups: str = "") -> None:
        """Write hosts with their variables, all of them in the group `gateways`."""
        hosts = (" ".join([name, *(f"{key}='{value}'" for key, value in of.items())]) for name, of in lines.items())
        self.inventory.write_text("[gateways]\n" + "\n".join(hosts) + f"\n{groups}")

    def ask_each(
        self, module: str, arguments: str = "", *, pattern: str = "all", **environment: str
    ) -> dict[str, dict[str, Any]]:
        """Run a module on each host; the results by host, with what Ansible calls them as `word`."""
        line = ["ansible", pattern, "-vvvv", "-m", f"bundlekit.thingspro.{module}", "-a", arguments]
        printed = self.run(*line, **environment)
        assert not any(secret in printed.stdout + printed.stderr for secret in self.secrets)
        found = re.findall(r"^(\S+) \| ([A-Z]+)!? => (\{.*?^\})", printed.stdout, re.MULTILINE | re.DOTALL)
        assert found, printed.stdout + printed.stderr
        return {host: {**json.loads(text), "word": word} for host, word, text in found}


def log_in(machine: Machine, **variables: Any) -> dict[str, Any]:
    """The variables of a gateway."""
    return {"ansible_host": machine.address, "ansible_user": machine.user, **variables}
