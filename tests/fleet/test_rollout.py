"""Rollouts to booted gateways."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.box import Box
from tests.emulator.sides import wait_until
from tests.fleet.fleet import NOBODY, PASSWORD, Operator, booted, closed_port
from tests.link.relay import Relay
from tests.pack.keys import make_key

pytestmark = [pytest.mark.gateway, pytest.mark.xdist_group("rollout")]

BREAKS = '    if os.path.exists("/etc/breaks-{}"):\n        raise SystemExit("this gateway breaks it")\n'


@pytest.fixture(scope="module")
def boxes() -> Iterator[list[Box]]:
    with booted(2) as boxes:
        yield boxes


@pytest.fixture
def operator(tmp_path: Path, boxes: list[Box]) -> Operator:
    return Operator(tmp_path, boxes)


@contextmanager
def breaking(operator: Operator, name: str, version: str) -> Iterator[None]:
    """A gateway on which releases of a version do not come up."""
    operator.boxes[name].run(f"touch /etc/breaks-{version}")
    try:
        yield
    finally:
        operator.boxes[name].run(f"rm /etc/breaks-{version}")


def sample(operator: Operator, version: str, name: str) -> Path:
    return operator.sample(version, name=name, before_main=BREAKS.format(version))


def test_rollout_goes_in_waves(operator: Operator, tmp_path: Path) -> None:
    operator.write_inventory(off=closed_port())
    junit = tmp_path / "report.xml"
    first = operator.roll_out(
        sample(operator, "0.0.1", "waves"), "--waves", "1,100%", "--soak", "2s", "--junit", str(junit)
    )
    assert first.code == 6, first.err
    assert first.out.splitlines()[:2] == ["up           2  gw[1-2]", f"offline      1  {NOBODY}"]
    assert operator.states() == {"gw1": "up", "gw2": "up", NOBODY: "offline"}
    record = [json.loads(line) for line in next(tmp_path.rglob("*.jsonl")).read_text().splitlines()]
    begun = {one["gateway"]: one["time"] for one in record if one["event"] == "begin"}
    checked = {one["gateway"]: one["time"] for one in record if one.get("checked")}
    assert begun["gw1"] + 2 <= checked["gw1"] <= begun["gw2"]
    suite = Xml.parse(junit).getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "0", "1"]
    again = operator.roll_out(sample(operator, "0.0.1", "waves"), to="substations,!off")
    assert again.code == 0
    assert "unchanged" in again.out


def test_rollout_of_two_bundles_continues_where_one_failed(operator: Operator) -> None:
    first, second = sample(operator, "0.0.1", "first"), sample(operator, "0.0.2", "second")
    both = ("-b", str(second), "--record", "both.jsonl", "--max-failed", "1")
    with breaking(operator, "gw2", "0.0.2"):
        plan = operator.roll_out(first, "-b", str(second), "--dry-run")
        failed = operator.roll_out(first, *both, "--wait", "20")
    assert plan.code == 0, plan.err
    assert [line.split(":")[0] for line in plan.out.splitlines()[:2]] == ["first 0.0.1", "second 0.0.2"]
    assert failed.code == 1, failed.out + failed.err
    assert "gw2: release 0.0.2-" in failed.out
    releases = {one["bundle"]: one["release"] for one in operator.story("both.jsonl")["gateways"][0]["bundles"]}
    assert f"gw2: first {releases['first']} up, second {releases['second']} rolled back" in failed.out
    retried = operator.rollout("retry", "both.jsonl", PASSWORD)
    assert retried.code == 0, retried.out + retried.err
    assert operator.states("both.jsonl") == {"gw1": "up", "gw2": "up"}
    assert operator.deploys(releases["first"]) == {"gw1": 1, "gw2": 1}
    assert operator.deploys(releases["second"]) == {"gw1": 1, "gw2": 2}  # the first one failed
    assert operator.rollout("rollback", "both.jsonl", PASSWORD).code == 0
    assert operator.states("both.jsonl") == {"gw1": "reverted", "gw2": "reverted"}
    left = operator.run("status", *operator.to(), PASSWORD, "--format", "json")
    there = [bundle for line in left.out.splitlines() for bundle in json.loads(line)["bundles"]]
    assert not [one for one in there if one["name"] in releases and one["current"]]


@contextmanager
def signed(operator: Operator, bundle: Path) -> Iterator[Path]:
    """The signed archive of a bundle; meanwhile the gateways take only signed ones."""
    make_key(operator.home / "alice")
    packed = operator.run("pack", str(bundle), "--sign", "alice")
    assert packed.code == 0, packed.err
    added = operator.run("signers", *operator.to(), "add", "alice.pub", "--name", "alice", PASSWORD)
    assert added.code == 0, added.err
    try:
        yield operator.home / packed.out.split()[-1]
    finally:
        assert operator.run("signers", *operator.to(), "remove", "--all", PASSWORD).code == 0


def test_rollout_stops_behind_the_threshold_and_is_taken_up_elsewhere(operator: Operator) -> None:
    """With the record and its folder alone: neither the archive nor the state folder of the machine is there."""
    with signed(operator, sample(operator, "0.0.1", "stops")) as archive:
        with breaking(operator, "gw1", "0.0.1"):
            stopped = operator.roll_out(archive, "--jobs", "1", "--wait", "20", "--record", "here/stops.jsonl")
        archive.unlink()
        (operator.home / "here").rename(operator.home / "there")
        retried = operator.rollout("retry", "there/stops.jsonl", PASSWORD)
    assert stopped.code == 1, stopped.err
    assert "1 not begun, 1 rolled back" in stopped.out
    assert "gw1: release 0.0.1-" in stopped.out
    assert "    | this gateway breaks it" in stopped.out
    assert "paused, 1 of 1 gateways failed, and at most 0 may fail" in stopped.out
    assert retried.code == 0, retried.out + retried.err
    assert operator.states("there/stops.jsonl") == {"gw1": "up", "gw2": "up"}
    shown = operator.rollout("report", "there/stops.jsonl", "--format", "markdown")
    assert shown.code == 0
    assert "2 up" in shown.out


def test_release_that_stops_answering_fails_at_the_end_of_the_soak(operator: Operator) -> None:
    bundle = sample(operator, "0.0.1", "mute")
    main = bundle / "index.py"
    answer = "        return response(code=200, data=self.model.db)"  # of the GET, which comes first
    mute = '        if os.path.exists("/etc/mute"):\n            return response(code=500, data={})\n'
    found = main.read_text().replace(answer, mute + answer, 1)
    assert mute in found
    main.write_text(found)
    began = operator.start("deploy", *operator.to(), "-b", str(bundle), PASSWORD, "--waves", "1", "--soak", "6s")
    assert began.stderr
    for line in began.stderr:
        if line.startswith("gw1  up"):
            break
    operator.boxes["gw1"].run("touch /etc/mute")
    try:
        out, _ = began.communicate(timeout=120)
    finally:
        operator.boxes["gw1"].run("rm /etc/mute")
    assert began.returncode == 4, out
    assert operator.states() == {"gw1": "needs-human", "gw2": "pending"}
    assert "did not run well until the end of the soak: GET /mute" in out
    assert f"-i {operator.inventory} gw1" in out  # the hint can be typed


def test_rollout_is_taken_back_where_it_is_told_so(operator: Operator) -> None:
    assert operator.roll_out(sample(operator, "0.0.1", "back")).code == 0
    with breaking(operator, "gw2", "0.0.2"):
        bundle = sample(operator, "0.0.2", "back")
        abort = ("--jobs", "1", "--on-abort", "rollback")
        ended = operator.roll_out(bundle, *abort, "--wait", "20", "--require-newer")  # which does not mean the way back
    assert ended.code == 1
    assert operator.states() == {"gw1": "reverted", "gw2": "rolled-back"}
    status = json.loads(operator.run("status", *operator.to("gw1"), PASSWORD, "--format", "json", "-b", "back").out)
    assert status["bundles"][0]["version"] == "0.0.1"
    older = operator.roll_out(sample(operator, "0.0.0", "back"), "--require-newer", "--max-failed", "2")
    assert older.code == 1
    assert "gw[1-2]: back 0.0.0 is not newer than 0.0.1, which is there now" in older.out
    again = operator.rollout("retry", PASSWORD)
    assert (again.code, operator.states()) == (1, {"gw1": "refused", "gw2": "refused"})


@pytest.mark.parametrize("seed", range(2))
def test_killed_controller_leaves_a_record_to_go_on_with(operator: Operator, seed: int) -> None:
    bundle = sample(operator, f"0.0.{seed}", "killed")
    began = operator.start("deploy", *operator.to(), "--bundle", str(bundle), PASSWORD)
    wait_until(lambda: bool(list(operator.home.rglob("*.jsonl"))))
    time.sleep(random.Random(seed).uniform(0, 5))  # the moment is what is tried, not a time to wait for
    began.kill()
    began.communicate()
    ended = operator.rollout("resume", PASSWORD)
    assert ended.code == 0, ended.out + ended.err
    story = operator.story()
    assert set(operator.states().values()) <= {"up", "unchanged"}
    release = story["gateways"][0]["release"]
    assert operator.deploys(release) == {"gw1": 1, "gw2": 1}


def test_record_is_of_one_controller_at_a_time(operator: Operator) -> None:
    bundle = sample(operator, "0.0.1", "paused")
    began = operator.start("deploy", *operator.to(), "-b", str(bundle), PASSWORD, "--waves", "1", "--soak", "1h")
    assert began.stderr
    for line in began.stderr:
        if line.startswith("gw1  up"):
            break
    refused = operator.rollout("resume", PASSWORD)
    assert refused.code == 3
    assert "another bundlekit process is working" in refused.err
    assert operator.rollout("pause").code == 0
    assert began.wait(60) == 1
    assert operator.story()["status"] == "paused"
    assert operator.states() == {"gw1": "up", "gw2": "pending"}
    aborted = operator.rollout("abort")
    assert "is aborted" in aborted.out
    assert operator.story()["status"] == "aborted"


def test_ctrl_c_lets_end_what_was_begun(operator: Operator) -> None:
    bundle = sample(operator, "0.0.1", "stopped")
    began = operator.start("deploy", *operator.to(), "-b", str(bundle), PASSWORD, "--jobs", "1")
    assert began.stderr
    for line in began.stderr:
        if line.startswith("wave 1"):
            break
    began.send_signal(signal.SIGINT)
    out, _ = began.communicate(timeout=120)
    assert began.returncode == 1
    assert "paused, interrupted: 1 up, 1 not begun" in out
    assert operator.states() == {"gw1": "up", "gw2": "pending"}
    taken_back = operator.rollout("rollback", PASSWORD)
    assert (taken_back.code, operator.states()["gw1"]) == (0, "reverted"), taken_back.err
    status = operator.run("status", *operator.to("gw1"), PASSWORD, "-b", "stopped")
    assert "not deployed" in status.out + status.err  # nothing ran before


def test_gateway_that_comes_back_with_a_new_key_is_deployed_to(operator: Operator) -> None:
    port = closed_port()
    box = operator.boxes["gw2"]
    alias = f"gw2 target={box.user}@127.0.0.1:{port} identity={box.client_key}"
    text = operator.inventory.read_text().splitlines()
    operator.inventory.write_text("\n".join([*text[:-1], alias]) + "\n")
    bundle = sample(operator, "0.0.1", "returns")
    began = operator.start("deploy", *operator.to(), "-b", str(bundle), PASSWORD, "--offline", "wait=5m")
    assert began.stderr
    seen = []
    for line in began.stderr:
        seen.append(line)
        if line.startswith("gw2  offline"):
            break
    with Relay((box.address, 22), port=port):
        out, err = began.communicate(timeout=120)
        # Its key could not be shown with the others, and nobody has seen it yet.
        assert began.returncode == 1, "".join(seen) + err
        assert "gw2: the host key of [127.0.0.1]:" in out
        assert "`bundlekit rollout retry` tries it again: it asks whether to trust the key, or takes this option" in out
        retried = operator.rollout("retry", PASSWORD, "--accept-new-host-key")
    assert retried.code == 0, retried.out + retried.err
    assert "gw[1-2]" in retried.out
