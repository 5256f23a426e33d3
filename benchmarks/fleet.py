"""What many gateways cost the machine that rolls out to them, beside a shell loop and Ansible.

    python -m benchmarks.fleet [NAMES]

So many names of an inventory lead to one booted test gateway, where the bundle runs already: the rollout logs in to
each, looks, and finds nothing to do. That is what it costs itself; a deploy is the gateway's own work. Beside it stand
ssh by xargs, and Ansible with pipelining, which run `true` on each. Each takes eight at a time, since one sshd serves
them all. Prints processor seconds (children included), seconds and memory of the largest process. Wants root, as the
tests with a gateway do, and what `make test` has installed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.box import Box
from tests.workstation import Workstation

NAMES = 100
JOBS = "8"
ANSIBLE = Path(__file__).parents[1] / ".venv/ansible/bin/ansible"


def measured(command: Sequence[str], workstation: Workstation) -> tuple[float, float, float]:
    """Processor seconds, seconds, and megabytes of the largest process of a command."""
    script = (
        "import resource, subprocess, sys\n"
        "ended = subprocess.run(sys.argv[1:], stdin=sys.stdin, capture_output=True)\n"
        "assert ended.returncode == 0, ended.stderr[-2000:]\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)"
    )
    environment = {
        **workstation.environment,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_LOCAL_TEMP": str(workstation.home / "a"),
    }
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", script, *command],
        input=workstation.machine.password + "\n",
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=workstation.home,
    )
    processor, memory = map(float, ended.stdout.split())
    return processor, time.monotonic() - began, memory


def main(names: int) -> None:
    with Box() as box, tempfile.TemporaryDirectory() as home:
        workstation = Workstation(Path(home), box)
        bundle = workstation.sample("0.0.1")
        assert workstation.deploy(bundle).code == 0
        lines = [f"gw{number:04}" for number in range(1, names + 1)]
        config = workstation.home / ".ssh/config"
        entry = f"    HostName {box.address}\n    User {box.user}\n    IdentityFile {box.client_key}\n"
        config.write_text(f"Host gw*\n    HostKeyAlias {box.address}\n{entry}")
        config.chmod(0o600)
        (workstation.home / "gateways.ini").write_text("\n".join(lines) + "\n")
        common = ["-i", "gateways.ini", "all"]
        arguments = f"-F {config} -o UserKnownHostsFile={workstation.known_hosts}"
        ssh = f"xargs -P {JOBS} -I{{}} ssh {arguments} {{}} true < gateways.ini"
        ways = {
            "bundlekit deploy, unchanged": [
                *workstation.command("deploy", *common, "--jobs", JOBS, "--bundle", str(bundle), "--password-stdin")
            ],
            "bundlekit status": [*workstation.command("status", *common, "--jobs", JOBS, "--password-stdin")],
            "ssh by xargs, true": ["sh", "-c", ssh],
            "Ansible, raw true": [
                *(str(ANSIBLE), *common, "-f", JOBS, "-m", "raw", "-a", "true"),
                f"--ssh-common-args={arguments}",
            ],
        }
        base: float | None = None
        print(f"{names} names, {JOBS} at a time")
        print(f"{'way':<30}{'processor':>12}{'a gateway':>12}{'wall':>10}{'memory':>10}{'ratio':>8}")
        for way, command in ways.items():
            processor, wall, memory = measured(command, workstation)
            base = base or processor
            print(
                f"{way:<30}{processor:>10.1f} s{1000 * processor / names:>9.0f} ms{wall:>8.1f} s{memory:>7.0f} MB"
                f"{processor / base:>8.1f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NAMES)
