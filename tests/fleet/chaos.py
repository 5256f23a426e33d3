"""`python -m tests.fleet.chaos`: rollouts to many small gateways while everything fails that may fail.

Links of three in ten gateways come and go; the jump host of one in ten drops log-ins; a gateway loses its power now and
then; on two the release does not come up; the controller is killed again and again, and its clock jumps by days. At
the end all have the release. What the record tells is compared with what the gateways remember.
"""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bundlekit.fleet.report import for_programs
from bundlekit.fleet.story import read_record
from tests.box import Box
from tests.box.crowd import Crowd, SmallGateway
from tests.emulator.sides import wait_until
from tests.fleet.fleet import PASSWORD, OfCrowd
from tests.link.relay import Relay

# Seconds that a controller nobody kills has in the storm. Then links and power hold: a gateway whose power fails every
# few seconds need never come to the end of a deploy.
_STORM = 20.0
_RETRIES = 10
# The clock of a controller: days are added to what it reads, as a file says that may change at any time.
_CLOCK = """
import time

_now = time.time


def jumping():
    try:
        with open({file!r}) as stream:
            return _now() + float(stream.read() or 0)
    except (OSError, ValueError):
        return _now()


time.time = jumping
"""


@dataclass
class Report:
    """What happened.

    Attributes:
        counts: how often something went wrong as it was meant to.
        wrong: what went wrong otherwise.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.counts.items())


class Chaos:
    """Rollouts to a crowd, and what goes wrong meanwhile; all by one seed, but for the time that things take."""

    def __init__(
        self, crowd: Crowd, home: Path, seed: str, tell: Callable[[str], None], *, storm: float = _STORM
    ) -> None:
        self.report = Report()
        self._storm = storm
        self._crowd = crowd
        self._controller = OfCrowd(home, crowd)
        self._tell = tell
        self._random = random.Random(seed)
        gateways = list(crowd.gateways)
        self._random.shuffle(gateways)
        three_in_ten, one_in_ten = -(-3 * len(gateways) // 10), -(-len(gateways) // 10)
        self._flapping = gateways[:three_in_ten]
        self._behind = gateways[three_in_ten : three_in_ten + one_in_ten]
        self._powered = gateways[three_in_ten + one_in_ten : three_in_ten + 2 * one_in_ten]
        self._broken = gateways[-2:]
        self._host = f"127.2.{crowd.box.address.split('.')[2]}.{crowd.box.address.split('.')[3]}"
        self._is_calm = threading.Event()
        self._clock = home / "clock"
        modules = home / "modules"
        modules.mkdir()
        (modules / "sitecustomize.py").write_text(_CLOCK.format(file=str(self._clock)))
        self._environment = {**self._controller.environment, "PYTHONPATH": str(modules)}
        self._name_ways()

    def go(self, kills: int) -> Report:
        """Roll out release after release, until the controller was killed so often."""
        with self._flaps(), self._power_cuts():
            number = 0
            while kills > 0 or not number:
                number += 1
                kills = self._roll_out(f"0.0.{number}", kills)
        return self.report

    def _roll_out(self, version: str, kills: int) -> int:
        """One release, on all gateways in the end; how often the controller may still be killed."""
        self._crowd.run("touch /etc/breaks", self._broken)
        bundle = str(self._controller.small(version))
        policy = ("--waves", "5%,100%", "--offline", "wait=90d", "--max-failed", "100%", "--jobs", "10")
        arguments: tuple[str, ...] = ("deploy", *self._controller.to(), "--bundle", bundle, PASSWORD, *policy)
        while (code := self._life(arguments, kills > 0)) is None:
            kills -= 1
            if (record := self._record(version)) is not None:
                arguments = ("rollout", "resume", record.stem, PASSWORD, "--jobs", "10")
        self._judge(version, code)
        self._crowd.run("rm /etc/breaks", self._broken)
        for _ in range(_RETRIES):
            if not self._unfinished(version):
                break
            self.report.counts["retries"] += 1
            self._life(("rollout", "retry", self._found(version).stem, PASSWORD, "--jobs", "10"), is_killed=False)
        if left := self._unfinished(version):
            self.report.wrong.append(f"{version}: these do not come up: {left}")
        self._judge(version, None)
        self._tell(f"{version} is on all gateways: {self.report}")
        return kills

    def _life(self, arguments: tuple[str, ...], is_killed: bool) -> int | None:
        """One run of the controller, by a clock that jumps; its exit code, None if it was killed before its end."""
        patience, early = self._random.uniform(0.0, 5.0), self._random.random() < 0.1
        self._jump()
        began = self._begun()
        with (self._controller.home / "controller.log").open("ab") as log:
            process = subprocess.Popen(
                self._controller.command(*arguments),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                env=self._environment,
                cwd=self._controller.home,
            )
        assert process.stdin
        process.stdin.write(f"{self._controller.machine.password}\n")
        process.stdin.close()
        try:
            if not is_killed:
                return self._end_of(process)
            if not early:  # than it has begun with gateways
                wait_until(lambda: process.poll() is not None or self._begun() > began, 300)
            for _ in range(2):
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(patience / 2)
                self._jump()
        finally:
            process.kill()
            process.wait()
        self.report.counts["kills"] += 1
        return None

    def _end_of(self, process: subprocess.Popen[str]) -> int:
        """The exit code of a controller that nobody kills."""
        with suppress(subprocess.TimeoutExpired):
            return process.wait(self._storm)
        self._is_calm.set()
        try:
            return process.wait(3600)
        finally:
            self._is_calm.clear()

    def _begun(self) -> int:
        """How often a controller has begun with gateways, or gone on with them."""
        return sum(record.read_bytes().count(b'"status": "running"') for record in self._records())

    def _jump(self) -> None:
        """Back or forth by up to three days."""
        self._clock.write_text(str(self._random.uniform(-3, 3) * 86400))
        self.report.counts["jumps of the clock"] += 1

    # What is told, and what is so ------------------------------------------------------------------------------------

    def _records(self) -> Iterator[Path]:
        yield from (self._controller.home / ".local/state/bundlekit/rollouts").glob("*.jsonl")

    def _record(self, version: str) -> Path | None:
        return next((one for one in self._records() if f'"version": "{version}"' in one.read_text()), None)

    def _found(self, version: str) -> Path:
        record = self._record(version)
        assert record, f"there is no record of {version}\n{self._log()}"
        return record

    def _states(self, version: str) -> dict[str, dict[str, str]]:
        """What the record tells of each gateway."""
        shown = for_programs(read_record(self._found(version)))
        return {one["gateway"]: one for one in shown["gateways"]}

    def _unfinished(self, version: str) -> list[str]:
        return [name for name, one in self._states(version).items() if one["state"] not in ("up", "unchanged")]

    def _judge(self, version: str, code: int | None) -> None:
        """Compare the record with the memories of the gateways; `code` is what the controller ended with."""
        wrong = self.report.wrong
        histories = self._crowd.histories()
        states = self._states(version)
        lines = [json.loads(line) for line in self._found(version).read_text().splitlines()]
        orders = Counter(line["gateway"] for line in lines if line["event"] == "order")
        failures = Counter(
            line["gateway"]
            for line in lines
            if line["event"] == "state" and line["state"] in ("rolled-back", "needs-human", "refused")
        )
        good = ("up", "unchanged")
        for name, one in states.items():
            mine = [line for line in histories[name] if line[3] == "deploy" and line[4].startswith(f"{version}-")]
            ups = sum(line[9] == "up" for line in mine)
            where = f"{version} on {name}, {one['state']}: {[line[9:11] for line in mine]}"
            if ups > 1:
                wrong.append(f"{where}: it was deployed twice")
            if (one["state"] in good) != (ups == 1 and mine[-1][9] == "up"):
                wrong.append(f"{where}: the record does not tell the truth")
            if len(mine) > orders[name]:
                wrong.append(f"{where}: {len(mine)} deploys and {orders[name]} orders")
            if len(mine) > 1 + failures[name]:
                wrong.append(f"{where}: {len(mine)} deploys, and {failures[name]} failed")
            if one["state"] in ("pending", "offline", "handed-over"):
                wrong.append(f"{where}: this is not an end")
        failed = sum(one["state"] not in good for one in states.values())
        if code is not None and code not in ((0,) if not failed else (1, 4)):
            wrong.append(f"{version}: exit code {code}, and {failed} failed")
        log = self._log()
        if "Traceback" in log or "please report" in log:
            wrong.append(f"{version}: the controller failed:\n{log[-3000:]}")

    def _log(self) -> str:
        """What the controllers have printed so far."""
        return (self._controller.home / "controller.log").read_text(errors="replace")

    # What goes wrong -------------------------------------------------------------------------------------------------

    def _name_ways(self) -> None:
        box = self._crowd.box
        jump = f"HostName {box.address}\nPort %d\nProxyJump jump\n"
        ways = {one.name: f"HostName {self._host}\nPort {one.port}\n" for one in self._flapping}
        ways |= {one.name: jump % one.port for one in self._behind}
        self._controller.write_names(ways)
        config = self._controller.home / ".ssh/config"
        entry = f"Host jump\nHostName {box.address}\nLogLevel ERROR\nUserKnownHostsFile {box.known_hosts}\n"
        config.write_text(entry + config.read_text())
        box.run("echo MaxStartups 2:50:4 >/etc/ssh/sshd_config.d/chokes.conf && systemctl reload ssh")

    @contextmanager
    def _flaps(self) -> Iterator[None]:
        """The links of some come and go, each for itself."""
        ended, chance = threading.Event(), random.Random(self._random.random())
        links: dict[SmallGateway, Relay] = {}

        def flap() -> None:
            due = {one: time.monotonic() + chance.uniform(0, 5) for one in self._flapping}
            while not ended.wait(0.05):
                is_calm = self._is_calm.is_set()
                now = time.monotonic()
                for one in [one for one, at in due.items() if at <= now or (is_calm and one not in links)]:
                    if one in links and is_calm:
                        due[one] = time.monotonic() + 1
                    elif one in links:
                        links.pop(one).__exit__(None, None, None)
                        self.report.counts["links cut"] += 1
                        due[one] = time.monotonic() + chance.uniform(0.5, 10)
                    else:
                        to = (self._crowd.box.address, one.port)
                        links[one] = Relay(to, ending="reset", host=self._host, port=one.port).__enter__()
                        due[one] = time.monotonic() + chance.uniform(2, 20)

        try:
            with _in_background(flap, ended):
                yield
        finally:
            for link in links.values():
                link.__exit__(None, None, None)

    @contextmanager
    def _power_cuts(self) -> Iterator[None]:
        """One of those whose links hold loses its power now and then."""
        ended, chance = threading.Event(), random.Random(self._random.random())

        def cut() -> None:
            while not ended.wait(chance.uniform(2, 10)):
                if self._is_calm.is_set():
                    continue
                one = chance.choice(self._powered)
                self._crowd.cut_power([one])
                self.report.counts["power cuts"] += 1
                ended.wait(chance.uniform(0, 5))
                self._crowd.boot([one])

        with _in_background(cut, ended):
            yield


@contextmanager
def _in_background(work: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def main() -> int:
    """Run and tell.

    Returns:
        1 if something went wrong.
    """
    parser = argparse.ArgumentParser(prog="tests.fleet.chaos", description=__doc__)
    parser.add_argument("--gateways", type=int, default=200)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    with Box() as box, Crowd(box, asked.gateways) as crowd, tempfile.TemporaryDirectory() as home:
        report = Chaos(crowd, Path(home), asked.seed, lambda text: print(text, flush=True)).go(asked.kills)
    print(f"{report}\n" + "\n".join(report.wrong), flush=True)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
