"""What a rollout to many gateways takes, side by side with what one would use otherwise, in one run.

    python -m benchmarks.fleet [--gateways 100] [--rtt 100] [--names 100,300,1000] [--part table,names]

The gateways are small ones in one booted box of the tests, each with a real sshd at a port of its own, behind a link
that takes its time; see tests/box/crowd.py. All ways bring the same archive with the same key: they upload it, unpack
it, switch to it, start it, and see that it runs. bundlekit does what it always does: it locks, keeps a way back, waits
until the bundle has registered, and writes a record. Each way works on 50 gateways at once.

The processor seconds are those of the client, its children included; what the gateways work is shown apart, and so is
the memory of all processes of the client together. The second part shows how the client's costs grow: as many names of
an inventory lead to these gateways, where there is nothing to do. Wants root, and the dependencies of the group
`others` in .venv/others, which `make bench-deploy` puts there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.deploying import Links
from benchmarks.ways import OTHERS
from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.box import Box
from tests.box.crowd import Crowd
from tests.box.host import as_root
from tests.fleet.fleet import PASSWORD, OfCrowd

JOBS = "50"
_CHECKS = "for i in 1 2 3 4 5 6 7 8 9; do grep -q 'Register successfully' bench/log && exit; sleep 0.2; done; exit 1"
# In the home of the user: the folder is new, the link leads to it, the one that ran ends.
STEPS = (
    'new=bench-$(date +%s%N) && mkdir "$new" && tar xzf bench.tar.gz -C "$new" && echo "$new" >bench.new',
    "ln -sfn $(cat bench.new) bench",
    "kill $(cat bench.pid 2>/dev/null) 2>/dev/null; cd bench && "
    "{ setsid python2.7 -u index.py </dev/null >log 2>&1 & echo $! >~/bench.pid; }",
    _CHECKS,
)
PYINFRA = """
from pyinfra.operations import files, server
files.put(src={archive!r}, dest="bench.tar.gz")
for step in {steps!r}:
    server.shell(commands=[step])
"""


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the processor, of it by the gateways, by the clock; and megabytes at its peak."""

    processor: float
    gateways: float
    wall: float
    memory: float


class Bench:
    """A crowd behind a link, and its operator."""

    def __init__(self, crowd: Crowd, host: str, folder: Path) -> None:
        self._crowd = crowd
        self._controller = OfCrowd(folder, crowd)
        self._folder = folder
        self._host = host
        self._archive = folder / "bench.tar.gz"
        self._versions = 0
        ways = {one.name: f"HostName {host}\nPort {one.port}\n" for one in crowd.gateways}
        self._controller.write_names(ways)

    def ways(self) -> dict[str, Callable[[], Sequence[str]]]:
        """What makes the command of each way."""
        return {
            "bundlekit": self.deploy,
            "Ansible, 50 forks, pipelining": self._ansible,
            "pyinfra": self._pyinfra,
            "scp and ssh by xargs": self._xargs,
        }

    def measured(self, command: Sequence[str]) -> Cost:
        before, work, begin = resource.getrusage(resource.RUSAGE_CHILDREN), self._work(), time.monotonic()
        with (self._folder / "out").open("w+") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=self._environment(), cwd=self._folder
            )
            peak: list[float] = [0.0]
            watching = threading.Thread(target=_watch, args=(process.pid, peak))
            watching.start()
            process.communicate(f"{self._crowd.box.password}\n".encode())
            wall = time.monotonic() - begin
            watching.join()
            out.seek(0)
            assert process.returncode == 0, out.read()[-5000:]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(used, self._work() - work, wall, peak[0])

    def handed_over(self) -> float:
        """Seconds until all gateways had their order in the last rollout."""
        record = max((self._folder / ".local/state/bundlekit/rollouts").glob("*.jsonl"))
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        return float(max(line["time"] for line in lines if line["event"] == "order") - lines[0]["time"])

    def unchanged(self, names: int) -> list[str]:
        """The command of a rollout with nothing to do, over so many names."""
        gateways = self._crowd.gateways
        entries = "".join(
            f"Host x{number:04}\nHostName {self._crowd.box.address}\nPort {gateways[number % len(gateways)].port}\n"
            for number in range(names)
        )
        box = self._crowd.box
        common = f"Host *\nUser {box.user}\nIdentityFile {box.client_key}\nHostKeyAlias {box.address}\n"
        (self._folder / "names.config").write_text(entries + common)
        (self._folder / "names.ini").write_text("".join(f"x{number:04}\n" for number in range(names)))
        bundle = str(self._folder / f"small-0.0.{self._versions}")
        options = ("--ssh-config", "names.config", "-b", bundle, PASSWORD, "--jobs", "10")
        return self._controller.command("deploy", "-i", "names.ini", "all", *options)

    def deploy(self) -> list[str]:
        """The command of a rollout of the next release, of which the other ways have the archive too."""
        self._versions += 1
        bundle = self._controller.small(f"0.0.{self._versions}")
        self._archive.write_bytes(pack(Bundle.in_folder(bundle)).data)
        options = (PASSWORD, "--jobs", JOBS, "--wait", "300")
        return self._controller.command("deploy", *self._controller.to(), "-b", str(bundle), *options)

    def _ansible(self) -> list[str]:
        tasks: list[dict[str, object]] = [{"copy": {"src": str(self._archive), "dest": "bench.tar.gz"}}]
        tasks += [{"shell": step} for step in STEPS]
        play = self._folder / "by_ansible.json"
        play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        arguments = (
            f"--ssh-common-args=-F {self._folder}/.ssh/config -o UserKnownHostsFile={self._controller.known_hosts}"
        )
        return [f"{OTHERS}/ansible-playbook", "-i", str(self._controller.inventory), "-f", JOBS, arguments, str(play)]

    def _pyinfra(self) -> list[str]:
        box, crowd = self._crowd.box, self._crowd
        login = {
            "ssh_user": box.user,
            "ssh_key": str(box.client_key),
            "ssh_hostname": self._host,
            "ssh_strict_host_key_checking": "off",
        }
        hosts = [(one.name, {**login, "ssh_port": one.port}) for one in crowd.gateways]
        inventory, deploy = self._folder / "inventory.py", self._folder / "by_pyinfra.py"
        inventory.write_text(f"gateways = {hosts!r}\n")
        deploy.write_text(PYINFRA.format(archive=str(self._archive), steps=list(STEPS)))
        return [f"{OTHERS}/pyinfra", "--yes", "--parallel", JOBS, str(inventory), str(deploy)]

    def _xargs(self) -> list[str]:
        options = f"-F {self._folder}/.ssh/config -o UserKnownHostsFile={self._controller.known_hosts}"
        script = self._folder / "steps.sh"
        script.write_text("\n".join(f"( {step} ) || exit 1" for step in STEPS))
        each = f'scp -q {options} {self._archive} "$1:bench.tar.gz" && ssh {options} "$1" sh <{script}'
        return ["xargs", "-P", JOBS, "-a", str(self._controller.inventory), "-I", "{}", "sh", "-c", each, "sh", "{}"]

    def _environment(self) -> dict[str, str]:
        settings = {
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_TIMEOUT": "120",  # 50 log-ins at once take long where few processors are the gateways of all
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python2.7",
            "ANSIBLE_HOME": str(self._folder / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._folder / "cp"),
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=5",
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "",  # an installed package has its bytecode
        }
        return {**self._controller.environment, **settings}

    def _work(self) -> float:
        """Seconds that all processes in the box have worked so far, with those that ended and were waited for."""
        ticks = 0
        for process in as_root(["ip", "netns", "pids", self._crowd.box.root.parent.name]).stdout.split():
            with suppress(OSError):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")


def _watch(process: int, peak: list[float]) -> None:
    """Keep the megabytes that a process and its children have at most, what they share counted once."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process)
        while parent.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for one in (parent, *parent.children(recursive=True)):
                with suppress(psutil.Error):
                    total += one.memory_full_info().pss
            peak[0] = max(peak[0], total / 1e6)
            time.sleep(1)


def table(bench: Bench, gateways: int, rtt: int) -> None:
    """All ways, one after the other; no second time, in which Ansible would find the archive there."""
    print(f"{gateways} gateways at a round trip time of {rtt} ms, {JOBS} at once")
    print(f"{'way':<32}{'wall':>9}{'processor':>12}{'each':>9}{'memory':>10}{'gateways':>12}")
    for name, command in bench.ways().items():
        show(name, bench.measured(command()), gateways)
        if name == "bundlekit":
            print(f"  all handed over after {bench.handed_over():.1f} s")


def show(name: str, cost: Cost, gateways: int) -> None:
    each = f"{1000 * cost.processor / gateways:.0f} ms"
    print(f"{name:<32}{cost.wall:>7.1f} s{cost.processor:>10.1f} s{each:>9}", end="")
    print(f"{cost.memory:>7.0f} MB{cost.gateways:>10.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateways", type=int, default=100)
    parser.add_argument("--rtt", type=int, default=100, help="in ms")
    parser.add_argument("--names", default="100,300,1000")
    parser.add_argument("--part", default="table,names")
    asked = parser.parse_args()
    if "table" in asked.part and not (OTHERS / "pyinfra").exists():
        raise SystemExit(f"{OTHERS} has no pyinfra: `make bench-deploy` puts it there")
    with tempfile.TemporaryDirectory() as folder, Box() as box, Crowd(box, asked.gateways) as crowd:
        home = Path(folder, "home")
        home.mkdir()
        with Links(box, Path(folder)) as links:
            bench = Bench(crowd, links.to(asked.rtt, 0).host, home)
            if "names" in asked.part:
                bench.measured(bench.deploy())  # so that there is nothing to do
                print("names of gateways with nothing to do, 10 at once")
                for names in map(int, asked.names.split(",")):
                    show(str(names), bench.measured(bench.unchanged(names)), names)
            # Last, for what the other ways start is in the way of a deploy: bundlekit sees that it runs by hand.
            if "table" in asked.part:
                table(bench, asked.gateways, asked.rtt)


if __name__ == "__main__":
    main()
