"""A bundle on a gateway, to which one case happens after the other; what one leaves is what the next begins with."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Any, Literal

from tests.box import Machine
from tests.chaos import gateway
from tests.chaos.cases import RELEASES, Case
from tests.chaos.client import Client
from tests.chaos.gateway import Facts, Watch
from tests.chaos.releases import Made, make
from tests.link import Relay
from tests.link.relay import Carried
from tests.workstation import Workstation

_PATIENCE = 75.0  # seconds, for what the gateway and the client do by themselves; much when all scenarios run
_HANGS, _COMES_UP = "5", "30"  # seconds for a release to register

_AS_IT_WAS = re.compile("runs again|(?<!or )nothing was (stopped or )?changed")
# They leave the gateway alone: once it has begun, it goes on to the end.
_AT_THE_WORKSTATION = {"none", "cut", "silence", "kill", "interrupt", "clock"}


@dataclass
class Attempt:
    """A case that has begun.

    Attributes:
        case: itself.
        old: the version that ran before.
        new: the version that is to run.
        before: what was there.
        settings: as the user has made them.
        link: to the gateway.
        client: that makes the change.
        second: another one, with the version that it deploys.
        reached: whether the change was still under way when it was the time for the fault.
    """

    case: Case
    old: str
    new: Made
    before: Facts
    settings: dict[str, Any]
    link: Relay
    client: Client
    second: tuple[Client, Made] | None = None
    reached: bool = False
    wrong: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """All that its clients said."""
        clients = [self.client, *([self.second[0]] if self.second else [])]
        return "\n".join(f"$ bundlekit {client.command}\n{client.out}{client.err}" for client in clients)


class Scenario:
    """Runs cases on a bundle of its own.

    Attributes:
        name: of the bundle.
        machine: its gateway.
    """

    def __init__(self, machine: Machine, watch: Watch, folder: Path, name: str) -> None:
        self.machine = machine
        self.name = name
        self._watch = watch
        self._workstation = Workstation(gateway.home(folder, name), machine)
        self._archives = gateway.home(folder, f"{name}-archives")
        self._made: dict[str, Made] = {}
        self._count = 0
        self._needs = Carried()
        self._there = (machine.address, machine.port)
        self._now: Made | None = None
        self._before: Made | None = None

    def set_up(self) -> None:
        """Have a release there that came up."""
        made = self._make("good")
        with Relay(self._there) as link:
            self._workstation.go_through(link.port)
            client = self._client("deploy", made)
            assert client.wait(_PATIENCE) == 0, client.err
            self._needs = link.connections[0]
        self._now = made

    def begin(self, case: Case) -> Attempt:
        """Start the change, and do what goes wrong when its time has come."""
        assert self._now
        if case.verb == "rollback" and not self._before:
            case = replace(case, verb="deploy")
        new = self._before if case.verb == "rollback" and self._before else None
        new = new or self._make(case.release, with_sdk=case.with_sdk)
        settings = {"case": case.number, "of": self.name}
        before = self._look()
        assert gateway.wait_until(lambda: self.machine.api("PUT", f"/{self.name}", settings)[0] == 200, 30, 0.3)
        limit = None if case.limit is None else 1 + int(case.limit * getattr(self._needs, case.phase))
        ending: Literal["reset", "silence"] = "silence" if case.fault == "silence" else "reset"
        link = Relay(self._there, cut_after=limit, way=case.phase, cuts=1, ending=ending)
        link.__enter__()
        self._workstation.go_through(link.port)
        client = self._client(case.verb, new, case)
        attempt = Attempt(case, self._now.version, new, before, settings, link, client)
        if limit is None:
            attempt.reached = self._wait_for(case, attempt.client)
            if attempt.reached:
                self._break(attempt)
        return attempt

    def _wait_for(self, case: Case, client: Client) -> bool:
        later = case.phases[case.phases.index(case.phase) :]
        gateway.wait_until(
            lambda: client.is_over() or gateway.phase(self.machine, self.name) in later, _PATIENCE, 0.005
        )
        if case.delay:
            client.wait(case.delay)
        return not client.is_over()

    def _break(self, attempt: Attempt) -> None:
        case = attempt.case
        match case.fault:
            case "cut" | "silence":
                attempt.link.cut()
            case "kill":
                attempt.client.signal(SIGKILL)
            case "interrupt":
                attempt.client.signal(SIGINT)
            case "worker":
                gateway.kill_worker(self.machine, self.name, "worker")
            case "workers":
                gateway.kill_worker(self.machine, self.name, "worker|guard")
            case "supervisor":
                gateway.kill_worker(self.machine, self.name, "supervise")
            case "power":  # comes for all at once, and finds each where it is now
                gateway.signal_workers(self.machine, self.name, "STOP", whose="worker|guard")
            case "full":
                gateway.fill(self.machine, int(case.delay * 300_000))
            case "clock":
                gateway.set_clock(self.machine, (-1) ** case.number * 86_400 * case.number)
            case "second":
                made = self._make("good")
                attempt.second = (self._client("deploy", made), made)

    def end(self, attempt: Attempt) -> list[str]:
        """What is wrong after all has come to rest; nothing, one hopes."""
        try:
            self._come_to_rest(attempt)
            found = self._judge(attempt)
            if not attempt.wrong:
                self._go_on(attempt, found)
        finally:
            attempt.client.signal(SIGKILL)
            attempt.link.__exit__(None, None, None)
        return attempt.wrong

    def _come_to_rest(self, attempt: Attempt) -> None:
        case, wrong = attempt.case, attempt.wrong
        if case.fault == "full":
            attempt.client.wait(_PATIENCE)
            gateway.make_room(self.machine)
        clients = [attempt.client, *([attempt.second[0]] if attempt.second else [])]
        # Over a silent link they wait a minute for the gateway to say something.
        if not gateway.wait_until(
            lambda: attempt.link.is_silent or all(client.is_over() for client in clients), _PATIENCE, 0.05
        ):
            wrong.append("the client does not end")
        # What they had started may hold their lock a little longer, and whoever looks then sees a change under way.
        for _ in range(3 if case.fault == "workers" and attempt.reached else 0):
            Client(self._workstation, "status").wait(_PATIENCE)
            if gateway.wait_until(lambda: self._is_quiet_for_a_while(attempt), 3, 0.25):
                break
        if not gateway.wait_until(lambda: self._is_quiet_for_a_while(attempt), _PATIENCE, 0.25):
            wrong.append(f"the gateway does not come to rest: {self._look().lines}")

    def _is_quiet_for_a_while(self, attempt: Attempt) -> bool:
        if not self._is_quiet(attempt):
            return False
        time.sleep(0.4)  # somebody may be about to begin
        return self._is_quiet(attempt)

    def _is_quiet(self, attempt: Attempt) -> bool:
        facts = self._look()
        talks = {str(connection.port) for connection in attempt.link.connections} & set(facts.all("talks"))
        # Nobody has told the one who talks that a silent link has ended.
        return facts.is_quiet and (not talks or attempt.link.is_silent)

    def _look(self) -> Facts:
        return self._watch.look(self.machine, self.name)

    def _judge(self, attempt: Attempt) -> str:
        """Whether what runs now is what may run, and whether that was told; the version."""
        case, wrong = attempt.case, attempt.wrong
        runs = self._what_runs(attempt)
        new = attempt.new.version
        may = {attempt.old, new} if RELEASES[case.release] else {attempt.old}
        if attempt.second:
            may.add(attempt.second[1].version)
        elif RELEASES[case.release] and case.fault in _AT_THE_WORKSTATION and attempt.reached:
            may = {new}
        if runs not in may:
            wrong.append(f"{runs or 'nothing'} runs, and {' or '.join(sorted(may))} should")
        for client, version in (
            (attempt.client, new),
            *([(attempt.second[0], attempt.second[1].version)] if attempt.second else []),
        ):
            wrong += _lies(client, runs == version, attempt)
        acts = self._look().all("act")
        added = acts[len(attempt.before.all("act")) :]
        if runs != attempt.old and not any(f" {runs}-" in act and " up" in act for act in added):
            wrong.append(f"the history does not tell that {runs} came up: {added}")
        if (
            attempt.client.wait(0) == 1
            and "runs again" in attempt.client.err
            and not any(" back" in act for act in added)
        ):
            wrong.append(f"the history does not show that it was rolled back: {added}")
        if len(added) > 1 + bool(attempt.second):
            wrong.append(f"the history tells too much: {added}")
        return runs

    def _what_runs(self, attempt: Attempt) -> str:
        """The version that answers; with what is wrong about it."""
        answers: list[tuple[int, Any]] = []

        def is_up() -> bool:
            answers.append(self.machine.api("GET", f"/{self.name}"))
            return answers[-1][0] == 200

        if not gateway.wait_until(is_up, 30, 0.3):
            attempt.wrong.append(f"the REST API answers {answers[-1]}")
            return ""
        found = answers[-1][1]
        if found["settings"] != attempt.settings:
            attempt.wrong.append(f"the settings are {found['settings']}, and were {attempt.settings}")
        facts = self._look()
        if facts.running != [facts.current] or not facts.current.startswith(f"{found['version']}-"):
            attempt.wrong.append(
                f"{facts.running} run, {facts.current} is the current one, and {found['version']} answers"
            )
        if not facts.all("enabled"):
            attempt.wrong.append("it would not start at boot")
        if not facts.is_quiet:
            attempt.wrong.append(f"something is under way still: {facts.lines}")
        return str(found["version"])

    def _go_on(self, attempt: Attempt, found: str) -> None:
        """A plain deploy has to succeed, or to say that there is nothing to do; not after each, for that takes time."""
        new = attempt.new
        if found != new.version:
            if attempt.case.number % 2:
                if found != attempt.old:  # the second client's, and the gateway keeps three
                    self._before = self._made[attempt.old]
                self._now = self._made[found]
                return
            if not RELEASES[attempt.case.release] or attempt.case.release == "stubborn":
                new = self._make("good")
            client = self._client("deploy", new)
            if client.wait(_PATIENCE) != 0:
                attempt.wrong.append(f"a plain deploy fails:\n{client.err}")
        if attempt.case.number % 4 == 0:
            client = self._client("deploy", new)
            if client.wait(_PATIENCE) != 0 or not client.out.startswith("unchanged"):
                attempt.wrong.append(f"what runs already is not unchanged:\n{client.out}{client.err}")
        runs = self._what_runs(attempt)
        if runs != new.version:
            attempt.wrong.append(f"{runs or 'nothing'} runs, and {new.version} was deployed")
        facts = self._look()
        attempt.wrong += [f"left behind: {left}" for left in facts.all("left")]
        if not attempt.link.is_silent:  # its client seems to be connected still
            attempt.wrong += [f"left behind: {left}" for left in facts.all("upload") if left.startswith(new.digest)]
        if (
            attempt.case.limit is None
            and attempt.case.fault not in ("cut", "silence")
            and attempt.case.verb == "deploy"
        ):
            self._needs = attempt.link.connections[0]
        self._before = self._made[attempt.old if found == attempt.new.version else found]
        self._now = new

    def _make(self, like: str, *, with_sdk: bool = False) -> Made:
        self._count += 1
        made = make(self._archives, self.name, f"1.{self._count}.0", like, with_sdk=with_sdk)
        self._made[made.version] = made
        return made

    def _client(self, verb: str, made: Made, case: Case | None = None) -> Client:
        is_full = case is not None and case.fault == "full"
        how = ["--wait", _HANGS if made.like == "hangs" or is_full else _COMES_UP]
        if case and case.hand_over:
            how.append("--handover")
        if verb == "rollback":
            return Client(self._workstation, verb, made.version, "--bundle", self.name, *how)
        return Client(self._workstation, verb, "--bundle", str(made.path), *how)


def _lies(client: Client, runs: bool, attempt: Attempt) -> list[str]:
    """Where what a client said differs from what is; `runs`: whether what it brought runs."""
    code = client.wait(0)
    said = client.err
    case = attempt.case
    wrong = []
    if re.search("^Traceback|a mistake in bundlekit", said, re.MULTILINE):
        wrong.append("it fell over its own feet")
    if code == 0 and not runs and not attempt.second:
        wrong.append("it told of a success, and another release runs")
    if code not in (0, None) and runs and _AS_IT_WAS.search(said):
        wrong.append("it told that all is as it was, and the new release runs")
    if code == 4:
        wrong.append("somebody has to come")
    if case.fault in ("none", "clock") and code != (0 if RELEASES[case.release] else 1):
        wrong.append(f"its exit code is {code}")
    return wrong
