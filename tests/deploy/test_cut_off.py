"""Changes that are cut off on a real gateway, and end in order without anybody's help.

What happens at every single step is in test_journal.py; here it is that the guard, the boot and the next look go on. A
run tries half of the cases, by the commit; tests/chaos has each fault in each run.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.box import Box, PlainBox
from tests.box.machine import Machine
from tests.rotation import share
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

STOPS_SLOWLY = "import time; Example.before_stop = lambda self: time.sleep(2)"
# Until it is let go, however long that takes on a busy machine.
HELD = """import os, time
while not os.path.exists('/var/tmp/go-' + os.path.basename(os.path.dirname(os.path.realpath(__file__)))): time.sleep(.1)
"""
CHECKED_SLOWLY = "import slowly"
WAITS = "import os, time\nwhile not os.path.exists('/run/go'): time.sleep(.1)"
DIES_LATE = "import sys, time; sys.stderr.write('no sensor\\n'); time.sleep(4); sys.exit(3)"
DIES = "import sys; sys.exit(3)"
randbytes = Random(1).randbytes
PLACE = "/opt/bundlekit/bundles/example"
KILL_WORKER = f"kill -9 $(sed -n s/^pid=//p {PLACE}/lock)"
# As a service does that is made for each log-in; or logind, where it is told to.
KILL_LOG_IN = "systemctl kill --kill-who=all --signal=KILL ssh; until systemctl start ssh; do sleep .1; done"
KILL_BOTH = f"kill -9 $(pgrep -f '[g]ateway.sh guard example') $(sed -n s/^pid=//p {PLACE}/lock)"
LET_GO = f"for release in $(ls {PLACE}/releases); do : >/var/tmp/go-$release; done"
# A supervisor that finds nobody at the change as it starts goes on with it, as at a boot; later it leaves it to others.
STARTED = f"until grep -qs ^bundle= {PLACE}/running; do sleep .1; done"


@pytest.fixture(scope="module")
def systemd() -> Iterator[Box]:
    with Box() as box:
        box.run("echo 'import time; time.sleep(3)' >/usr/lib/python2.7/dist-packages/slowly.py")
        yield box


@pytest.fixture(scope="module")
def init() -> Iterator[PlainBox]:
    with PlainBox() as box:
        yield box


@dataclass(frozen=True)
class Case:
    """A deploy that is cut off.

    Attributes:
        at: what bundlekit says just before.
        fault: a command there; empty for a power cut.
        outcome: of the new release.
        finished_by: whoever went on.
        new: what the new release does besides.
    """

    at: str
    fault: str
    outcome: str
    finished_by: str
    new: str = ""


ON_SYSTEMD = {
    "worker killed in stop": Case("- stop", KILL_WORKER, "back", "guard"),
    "worker killed in check": Case("- see", KILL_WORKER, "refused", "guard", CHECKED_SLOWLY),
    "log-in killed in stop": Case("- stop", KILL_LOG_IN, "up", ""),
    "power cut in stop": Case("- stop", "", "back", "boot"),
    "worker killed in confirm": Case("- wait", f"{STARTED}; {KILL_WORKER}; {LET_GO}", "up", "guard", HELD),
    "all killed in confirm": Case("- wait", f"{STARTED}; {KILL_BOTH}; {LET_GO}", "up", "guard", HELD),
    "all killed in stop": Case("- stop", KILL_BOTH, "back", "guard"),
    "power cut in confirm, and it dies": Case("- wait", "", "back", "boot", DIES_LATE),
}
ON_INIT = {name: ON_SYSTEMD[name] for name in ("worker killed in stop", "power cut in confirm, and it dies")}
ON_INIT["all killed in confirm"] = Case("- wait", f"{STARTED}; {KILL_BOTH}; {LET_GO}", "up", "status", HELD)


def history(workstation: Workstation) -> list[dict[str, Any]]:
    acts: list[dict[str, Any]] = json.loads(workstation.on_gateway("history", "--format", "json").out)["acts"]
    return acts


def current(workstation: Workstation) -> str:
    return "".join(bundle["current"] for bundle in workstation.status()["bundles"])


def cut_off(workstation: Workstation, bundle: Path, case: Case) -> None:
    client = workstation.begin("deploy", "--wait", "20", "--bundle", str(bundle))
    assert client.stderr is not None
    while not client.stderr.readline().startswith(case.at):
        assert client.poll() is None
    if case.fault:
        workstation.machine.run(case.fault)
    else:
        workstation.machine.power_cut()
        client.kill()
    client.communicate()
    if not case.fault:
        workstation.machine.boot()


def ends_in_order(machine: Machine, workstation: Workstation, case: Case) -> None:
    before = current(workstation)
    if not before:
        first = workstation.deploy(workstation.sample("0.0.0", before_main=STOPS_SLOWLY))
        assert first.code == 0, first.err
        before = current(workstation)
    number = len(history(workstation))
    assert machine.api("PUT", "/example", {"key": number})[0] == 200
    cut_off(workstation, workstation.sample(f"0.0.{number}", before_main=f"{STOPS_SLOWLY}\n{case.new}"), case)
    if case.finished_by == "status":
        machine.run(f"until flock -n {PLACE}/lock true; do sleep .1; done")  # what they have started ends after them
        assert "was broken off in phase confirm" in workstation.on_gateway("status").err
    deadline = time.monotonic() + 90
    while machine.run(f"ls {PLACE}/journal 2>/dev/null", check=False).stdout:
        assert time.monotonic() < deadline, machine.run(f"cat {PLACE}/journal {PLACE}/log").stdout
        time.sleep(0.2)
    state = workstation.status()["bundles"][0]
    told = machine.run(f"tail -n 40 {PLACE}/log; cat /opt/bundlekit/history").stdout
    assert state["current"].startswith(f"0.0.{number}-") if case.outcome == "up" else state["current"] == before, told
    assert state["running"]["registered"], told
    assert state["lock"] is None
    assert machine.api("GET", "/example") == (200, {"key": number})
    assert machine.run("pgrep -fc '[i]ndex.py'").stdout == "1\n"
    left = machine.run(f"ls -A {PLACE} {PLACE}/releases /opt/bundlekit/uploads").stdout.split()
    assert not [name for name in left if name.startswith((".", "journal", "boots"))], left
    last = history(workstation)[0]
    assert (last["verb"], last["outcome"], last["finished_by"]) == ("deploy", case.outcome, case.finished_by)


@pytest.mark.parametrize("name", share(list(ON_SYSTEMD), of=4))
def test_deploy_that_is_cut_off_ends_in_order(systemd: Box, tmp_path: Path, name: str) -> None:
    ends_in_order(systemd, Workstation(tmp_path, systemd), ON_SYSTEMD[name])


def test_first_deploy_whose_power_is_cut_before_anything_runs_is_ended_by_the_boot(
    systemd: Box, tmp_path: Path
) -> None:
    workstation = Workstation(tmp_path, systemd)
    cut_off(workstation, workstation.sample(name="first", before_main=CHECKED_SLOWLY), Case("- see", "", "", ""))
    folder = "/opt/bundlekit/bundles/first"
    systemd.run(f"while [ -e {folder}/journal ]; do sleep .2; done")
    assert systemd.run(f"ls -A {folder}/releases; ls -d /etc/systemd/system/*first* || true").stdout == ""
    assert systemd.run("pgrep -fc 'supervise [f]irst' || true").stdout == "0\n"
    last = workstation.on_gateway("history", "--bundle", "first").out
    assert (
        "refused: it was broken off in phase check; broken off, and brought to its end by the gateway's next boot"
        in last
    )


@pytest.mark.parametrize("name", share(list(ON_INIT), of=3))
def test_deploy_that_is_cut_off_ends_in_order_without_systemd(init: PlainBox, tmp_path: Path, name: str) -> None:
    ends_in_order(init, Workstation(tmp_path, init), ON_INIT[name])


def test_settings_come_back_with_the_release_that_had_them(systemd: Box, tmp_path: Path) -> None:
    workstation = Workstation(tmp_path, systemd)
    workstation.on_gateway("remove", "--yes", "--purge", "--bundle", "example")
    workstation.deploy(workstation.sample("0.0.1"))
    systemd.api("PUT", "/example", {"key": "of the first"})
    workstation.deploy(workstation.sample("0.0.2"))
    systemd.api("PUT", "/example", {"key": "of the second"})
    back = workstation.on_gateway("rollback", "--settings", "--bundle", "example")
    assert back.code == 0, back.err
    assert "with its settings" in back.out
    assert systemd.api("GET", "/example") == (200, {"key": "of the first"})
    forth = workstation.on_gateway("rollback", "0.0.2", "--settings", "--bundle", "example")
    assert forth.code == 0, forth.err
    assert systemd.api("GET", "/example") == (200, {"key": "of the second"})
    failed = workstation.deploy(
        workstation.sample("0.0.3", before_main=DIES.replace("import sys;", "import sys; print 'no sensor';"))
    )
    assert failed.code == 1
    log = workstation.on_gateway("logs", "--release", "0.0.3", "--bundle", "example")
    assert "no sensor" in log.out
    assert "0.0.2" not in log.out
    refused = workstation.on_gateway("rollback", "0.0.3", "--bundle", "example")
    assert refused.code == 3
    assert "did not come up" in refused.err


def test_change_waits_for_another_one_when_asked(systemd: Box, tmp_path: Path) -> None:
    workstation = Workstation(tmp_path, systemd)
    workstation.on_gateway("remove", "--yes", "--purge", "--bundle", "example")
    workstation.deploy(workstation.sample("0.0.1"))
    slow = workstation.begin("deploy", "--bundle", str(workstation.sample("0.0.2", before_main=WAITS)))
    assert slow.stderr is not None
    while not slow.stderr.readline().startswith("- wait"):
        assert slow.poll() is None
    busy = workstation.deploy(workstation.sample("0.0.3"))
    assert busy.code == 3
    assert "(moxa from 198.18." in busy.err
    waited = workstation.begin("deploy", "--bundle", str(workstation.sample("0.0.3")), "--wait-lock", "60")
    assert waited.stderr is not None
    while not (line := waited.stderr.readline()).startswith("- wait"):
        assert waited.poll() is None
    assert line.startswith("- wait for another change to end: deploy of 0.0.2-")
    systemd.run(": >/run/go")
    out, err = waited.communicate()
    assert (waited.returncode, "in place of 0.0.2-" in out) == (0, True), err
    slow.communicate()
    acts = workstation.on_gateway("history", "--bundle", "example").out.splitlines()
    assert ["0.0.3" in acts[0], "0.0.2" in acts[1]] == [True, True]
    assert acts[0].endswith("): it runs")


def test_deploy_makes_room_by_pruning_what_may_go(systemd: Box, tmp_path: Path) -> None:
    workstation = Workstation(tmp_path, systemd)
    workstation.on_gateway("remove", "--yes", "--purge", "--bundle", "example")
    systemd.run("mkdir -p /opt; mount -t tmpfs -o size=6m tmpfs /opt")
    try:
        for version, size in (("0.0.1", 1_200_000), ("0.0.2", 100), ("0.0.3", 1_800_000)):
            folder = workstation.sample(version)
            (folder / "ballast").write_bytes(randbytes(size))
            large = tmp_path / f"{version}.tar.gz"  # what bundlekit packs itself takes it seconds
            subprocess.run(["tar", "-czf", large, "-C", folder, "."], check=True)
            if version != "0.0.3":
                printed = workstation.deploy(large)
                assert printed.code == 0, printed.err
        dry = workstation.deploy(large, "--keep", "1", "--dry-run")
        assert "for the room on the disk" in dry.out, dry.err
        full = workstation.deploy(large, "--keep", "3")
        assert (full.code, "the disk of the gateway is full" in full.err) == (3, True), full.err
        made = workstation.deploy(large, "--keep", "1")
        assert made.code == 0, made.err
        assert "- remove old release 0.0.1-" in made.err
        assert [release["version"] for release in workstation.status()["bundles"][0]["releases"]] == ["0.0.3", "0.0.2"]
    finally:
        workstation.on_gateway("remove", "--yes", "--purge", "--bundle", "example")
        systemd.run("umount /opt")
