"""The life of a bundle on a gateway with systemd: nothing between the command line and Python 2.7 is a stand-in."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from signal import SIGINT, SIGKILL

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

NEVER_REGISTERS = "import time; time.sleep(1000)"
DIES = 'import sys; sys.stderr.write("no sensor\\n"); sys.exit(3)'


@pytest.fixture
def workstation(emptied_workstation: Workstation) -> Workstation:
    """Most tests begin with a first deploy: a boot for each of them would take as long."""
    return emptied_workstation


def current(workstation: Workstation) -> str:
    return str(workstation.status()["bundles"][0]["current"])


def wait_until_registered(workstation: Workstation) -> None:
    deadline = time.monotonic() + 60
    while not (workstation.status()["bundles"][0]["running"] or {}).get("registered"):
        assert time.monotonic() < deadline, workstation.on_gateway("logs").out
        time.sleep(0.5)


def test_deployed_bundle_answers_and_its_settings_survive_upgrade_rollback_and_reboot(workstation: Workstation) -> None:
    box = workstation.machine
    first = workstation.deploy(workstation.sample("0.0.1", prompt=False))
    assert first.code == 0, first.err
    assert f"example 0.0.1 runs on gateway ({box.address}:22), release 0.0.1-" in first.out
    assert box.api("GET", "/example") == (200, {"key": "value"})
    assert box.api("PUT", "/example", {"key": "mine"})[0] == 200

    second = workstation.deploy(workstation.sample("0.0.2"))
    assert second.code == 0, second.err
    assert "in place of 0.0.1-" in second.out
    assert box.api("GET", "/example") == (200, {"key": "mine"})

    back = workstation.on_gateway("rollback")
    assert back.code == 0, back.err
    assert current(workstation).startswith("0.0.1-")
    assert box.api("GET", "/example") == (200, {"key": "mine"})

    box.reboot()
    wait_until_registered(workstation)
    assert current(workstation).startswith("0.0.1-")
    assert box.api("GET", "/example") == (200, {"key": "mine"})


def test_same_archive_again_restarts_nothing(workstation: Workstation) -> None:
    bundle = workstation.sample()
    assert workstation.deploy(bundle).code == 0
    before = workstation.status()["bundles"][0]["running"]
    again = workstation.deploy(bundle)
    assert (again.code, again.err) == (0, f"- check and pack {bundle}\n")
    assert again.out.startswith("unchanged: example 0.0.1 runs on ")
    assert workstation.status()["bundles"][0]["running"] == before
    assert workstation.machine.run("ls -A /opt/bundlekit/uploads").stdout == ""
    as_earlier_versions_did = pack(Bundle.in_folder(bundle)).former_digest
    workstation.machine.run(
        f"sed -i s/^digest=.*/digest={as_earlier_versions_did}/ /opt/bundlekit/bundles/*/releases/*.info"
    )
    assert workstation.deploy(bundle).out.startswith("unchanged: example 0.0.1 runs on ")
    assert workstation.status()["bundles"][0]["running"] == before


def test_same_archive_again_starts_what_was_stopped(workstation: Workstation) -> None:
    bundle = workstation.sample()
    workstation.deploy(bundle)
    stopped = workstation.on_gateway("stop")
    assert stopped.code == 0, stopped.err
    state = workstation.status()["bundles"][0]
    assert (state["running"], state["at_boot"]) == (None, False)
    assert workstation.deploy(bundle).code == 0
    assert workstation.status()["bundles"][0]["running"]["registered"]


@pytest.mark.parametrize(
    ("fault", "reason", "printed"),
    [
        (DIES, "ended with exit status 3", "no sensor"),
        (NEVER_REGISTERS, "did not say `Register successfully example` within 6 s", "(it printed nothing)"),
    ],
)
def test_release_that_does_not_come_up_is_taken_back_with_its_settings(
    workstation: Workstation, fault: str, reason: str, printed: str
) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    spoil = 'open(os.path.dirname(os.path.abspath(__file__)) + "/data/example.json", "w").write("{}")'
    failed = workstation.deploy(workstation.sample("0.0.2", before_main=f"{spoil}\n{fault}"), "--wait", "6")
    assert failed.code == 1
    assert reason in failed.err
    assert printed in failed.err
    assert "kept: release 0.0.1-" in failed.err
    assert "runs again" in failed.err
    assert current(workstation).startswith("0.0.1-")
    assert workstation.machine.api("GET", "/example") == (200, {"key": "mine"})
    assert "failed: " in workstation.on_gateway("releases").out
    refused = workstation.on_gateway("rollback")
    assert refused.code == 3, "a failed release is nothing to go back to"
    assert "there is no change of example to undo" in refused.err


def test_failed_first_deploy_leaves_nothing_that_runs_or_starts(workstation: Workstation) -> None:
    failed = workstation.deploy(workstation.sample(before_main=DIES))
    assert failed.code == 1
    assert "nothing runs, as before" in failed.err
    left = workstation.machine.run(
        "ls /etc/systemd/system /opt/bundlekit/bundles/example; pgrep -f '[i]ndex.py' || true"
    ).stdout
    assert "bundlekit-example" not in left
    assert "current" not in left.split()
    assert not any(word.isdigit() for word in left.split())


def test_when_the_release_before_does_not_come_up_again_a_human_is_asked_for(workstation: Workstation) -> None:
    once = 'import os, sys\nif os.path.exists("/tmp/once"): sys.exit(5)\nopen("/tmp/once", "w").close()'
    assert workstation.deploy(workstation.sample("0.0.1", before_main=once)).code == 0
    stuck = workstation.deploy(workstation.sample("0.0.2", before_main=DIES))
    assert stuck.code == 4
    assert "release 0.0.2-" in stuck.err
    assert "and release 0.0.1-" in stuck.err
    assert "did not come up again either" in stuck.err
    status = workstation.on_gateway("status")
    assert status.code == 1, "a bundle that should run and does not"
    workstation.machine.run("rm /tmp/once")


def test_stopped_release_stays_stopped_when_the_new_one_fails(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    workstation.on_gateway("stop")
    failed = workstation.deploy(workstation.sample("0.0.2", before_main=DIES))
    assert failed.code == 1
    assert "stopped as it was" in failed.err
    state = workstation.status()["bundles"][0]
    assert (state["running"], state["at_boot"]) == (None, False)


def test_syntax_error_costs_no_downtime(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    before = workstation.status()["bundles"][0]["running"]
    archive = workstation.home / "broken.tar.gz"
    broken = workstation.sample("0.0.2", before_main="None = 1\n")  # which Python 2.7 alone finds
    subprocess.run(["tar", "-czf", archive, "-C", broken, "."], check=True)
    refused = workstation.deploy(archive)
    assert refused.code == 1
    assert "index.py" in refused.err
    assert workstation.status()["bundles"][0]["running"] == before


def test_old_releases_are_pruned_and_the_current_one_never_is(workstation: Workstation) -> None:
    for version in ("0.0.1", "0.0.2", "0.0.3"):
        assert workstation.deploy(workstation.sample(version), "--keep", "2").code == 0
    releases = workstation.status()["bundles"][0]["releases"]
    assert [release["version"] for release in releases] == ["0.0.3", "0.0.2"]
    rolled = workstation.on_gateway("rollback", "0.0.2")
    assert rolled.code == 0, rolled.err
    assert workstation.deploy(workstation.sample("0.0.4", before_main=DIES), "--keep", "1").code == 1
    versions = [release["version"] for release in workstation.status()["bundles"][0]["releases"]]
    assert "0.0.2" in versions, "it is the one that runs"


def test_remove_keeps_the_settings_and_purge_takes_them(workstation: Workstation) -> None:
    bundle = workstation.sample()
    workstation.deploy(bundle)
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    unasked = workstation.on_gateway("remove")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    removed = workstation.on_gateway("remove", "--yes")
    assert removed.code == 0, removed.err
    assert "settings are kept" in removed.out
    workstation.deploy(bundle)
    assert workstation.machine.api("GET", "/example") == (200, {"key": "mine"})
    assert workstation.on_gateway("remove", "--yes", "--purge").code == 0
    assert workstation.machine.run("ls /opt/bundlekit/bundles").stdout == ""
    workstation.deploy(bundle)
    assert workstation.machine.api("GET", "/example") == (200, {"key": "value"})


def test_hostile_names_side_by_side(workstation: Workstation) -> None:
    for name in ("-rf", "--"):
        printed = workstation.deploy(workstation.sample(name=name))
        assert printed.code == 0, printed.err
    assert workstation.machine.api("GET", "/-rf") == (200, {"key": "value"})
    assert [bundle["name"] for bundle in workstation.status()["bundles"]] == ["--", "-rf"]
    several = workstation.on_gateway("logs")
    assert several.code == 2
    assert "--bundle" in several.err
    assert workstation.on_gateway("stop", "--bundle=-rf").code == 0
    assert workstation.machine.api("GET", "/--")[0] == 200


@pytest.mark.parametrize("version", ["../../../etc", "$(reboot)", "1 2;reboot", "a'b\"c`id`", "-rf", "0.0.1\nrm"])
def test_hostile_versions_never_become_paths_or_commands(shared_workstation: Workstation, version: str) -> None:
    before = shared_workstation.machine.run("find /opt").stdout
    printed = shared_workstation.deploy(shared_workstation.sample(version))
    assert printed.code == 1
    assert "version" in printed.err
    assert shared_workstation.machine.run("find /opt").stdout == before


def test_crashed_bundle_is_started_again_and_status_tells(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample())
    pid = workstation.status()["bundles"][0]["running"]["pid"]
    workstation.machine.run(f"kill -9 {pid}")
    wait_until_registered(workstation)
    running = workstation.status()["bundles"][0]["running"]
    assert running["pid"] != pid
    assert running["starts"] == 2
    assert workstation.on_gateway("restart").code == 0


def test_power_cut_brings_the_current_release_back(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample())
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    workstation.machine.power_cut()
    workstation.machine.boot()
    wait_until_registered(workstation)
    assert workstation.machine.api("GET", "/example") == (200, {"key": "mine"})
    assert workstation.deploy(workstation.sample("0.0.2")).code == 0


def started_until_stop(workstation: Workstation, bundle: Path) -> subprocess.Popen[str]:
    """A deploy that has just begun to stop the release before."""
    client = workstation.begin("deploy", "--bundle", str(bundle))
    assert client.stderr is not None
    while not client.stderr.readline().startswith("- stop"):
        assert client.poll() is None
    return client


@pytest.mark.parametrize("signal", [SIGKILL, SIGINT])
def test_client_that_is_killed_leaves_a_gateway_that_finishes_by_itself(workstation: Workstation, signal: int) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    client = started_until_stop(workstation, workstation.sample("0.0.2"))
    client.send_signal(signal)
    _, said = client.communicate()
    if signal == SIGINT:
        assert client.returncode == 130
        assert "kept: the gateway finishes on its own" in said
    deadline = time.monotonic() + 60
    while workstation.machine.run("cat /opt/bundlekit/bundles/example/lock").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    state = workstation.status()["bundles"][0]
    assert state["current"].startswith("0.0.2-")
    assert state["running"]["registered"]


def test_second_deploy_under_way_is_told_who_deploys(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    slow = started_until_stop(workstation, workstation.sample("0.0.2", before_main="import time; time.sleep(5)"))
    busy = workstation.deploy(workstation.sample("0.0.3"))
    assert busy.code == 3
    assert "another change is under way there: deploy of 0.0.2-" in busy.err
    assert ", by " in busy.err
    slow.communicate()
    assert slow.returncode == 0
    assert current(workstation).startswith("0.0.2-")


def test_logs_follow_until_interrupted_and_leave_nothing_running(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample())
    follower = workstation.begin("logs", "-f", "-n", "1")
    assert follower.stdout is not None
    follower.stdout.readline()
    workstation.machine.run("printf 'one\\033[31m red\\033]0;title\\007 line\\n' >>/opt/bundlekit/bundles/example/log")
    while "one" not in (line := follower.stdout.readline()):
        assert line
    assert line == "one red line\n"
    follower.send_signal(SIGINT)
    assert follower.wait(timeout=20) == 0
    assert follower.stderr is not None
    assert follower.stderr.read() == ""
    deadline = time.monotonic() + 30
    while workstation.machine.run("pgrep -x tail || true").stdout:
        assert time.monotonic() < deadline, "the gateway has not noticed that nobody reads"
        time.sleep(1)


def test_long_log_is_kept_small_while_the_bundle_runs(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample())
    workstation.machine.run("yes 'a line of the log' | head -c 1500000 >>/opt/bundlekit/bundles/example/log")
    deadline = time.monotonic() + 60
    while int(workstation.machine.run("wc -c </opt/bundlekit/bundles/example/log").stdout) > 1_000_000:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert workstation.status()["bundles"][0]["running"]["registered"], "the line that says so went with the old log"
    logs = workstation.on_gateway("logs", "-n", "50000")
    assert logs.code == 0, logs.err
    assert len(logs.out.splitlines()) == 50000
    assert logs.out.endswith("\na line\n"), "the log has no end of line at its end"


def test_dry_run_changes_nothing(shared_workstation: Workstation) -> None:
    before = shared_workstation.machine.run("find /opt").stdout
    plan = shared_workstation.deploy(shared_workstation.sample(name="planned"), "--dry-run")
    assert plan.code == 0
    assert "unpack them as release 0.0.1-" in plan.out
    assert shared_workstation.machine.run("find /opt").stdout == before


def test_power_cut_while_the_old_release_stops_leaves_it_to_be_started_by_the_boot(workstation: Workstation) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal = lambda *_: None"
    assert workstation.deploy(workstation.sample("0.0.1", before_main=stubborn)).code == 0
    client = started_until_stop(workstation, workstation.sample("0.0.2"))
    workstation.machine.run("sleep 1")
    workstation.machine.power_cut()
    client.kill()
    client.communicate()
    workstation.machine.boot()
    wait_until_registered(workstation)
    assert current(workstation).startswith("0.0.1-")
    printed = workstation.deploy(workstation.sample("0.0.3"))
    assert printed.code == 0
    assert "broken off, and brought to its end by the gateway's next boot" in workstation.on_gateway("history").out


def test_settings_written_while_it_stops_or_by_renaming_are_kept(workstation: Workstation) -> None:
    keeps = (
        "import json\n"
        "def before_stop(self):\n"
        "    path = self.model.json_db_path\n"
        "    json.dump({'key': 'last words'}, open(path + '.tmp', 'w'))\n"
        "    os.rename(path + '.tmp', path)\n"
        "Example.before_stop = before_stop"
    )
    assert workstation.deploy(workstation.sample("0.0.1", before_main=keeps)).code == 0
    assert workstation.deploy(workstation.sample("0.0.2", before_main=DIES)).code == 1
    assert workstation.machine.api("GET", "/example") == (200, {"key": "last words"})


def test_start_and_restart_of_a_bundle_that_crashed_once_are_no_failure(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample())
    workstation.machine.run(f"kill -9 {workstation.status()['bundles'][0]['running']['pid']}")
    wait_until_registered(workstation)
    for verb in ("start", "restart"):
        printed = workstation.on_gateway(verb)
        assert printed.code == 0, printed.err


def test_release_before_the_current_one_is_never_pruned(workstation: Workstation) -> None:
    for version in ("0.0.1", "0.0.2"):
        workstation.deploy(workstation.sample(version))
    workstation.on_gateway("rollback")
    assert workstation.deploy(workstation.sample("0.0.3"), "--keep", "1").code == 0
    releases = workstation.status()["bundles"][0]["releases"]
    assert [release["version"] for release in releases] == ["0.0.3", "0.0.1"]


def test_bundle_that_only_listens_comes_up_as_a_view(workstation: Workstation) -> None:
    bundle = workstation.sample()
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["resources"] = [{"role": "view", "resource": "/network/interfaces"}]
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    printed = workstation.deploy(bundle)
    assert printed.code == 0, printed.err


def test_settings_that_cannot_be_saved_are_not_put_at_risk(workstation: Workstation) -> None:
    workstation.deploy(workstation.sample("0.0.1"))
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    workstation.machine.run("cd /opt/bundlekit/bundles/example && rm -rf snapshots && touch snapshots")
    failed = workstation.deploy(workstation.sample("0.0.2"))
    assert failed.code == 1
    assert "could not be put in place" in failed.err
    assert "runs again" in failed.err
    assert workstation.machine.api("GET", "/example") == (200, {"key": "mine"})


def test_rollback_undoes_one_change_after_the_other_and_never_goes_to_a_bad_release(
    shared_workstation: Workstation,
) -> None:
    workstation = shared_workstation
    ids = []
    for version in ("0.0.1", "0.0.2", "0.0.3"):
        deployed = workstation.deploy(workstation.sample(version, name="undone"), "--format", "json")
        assert deployed.code == 0, deployed.err
        ids.append(json.loads(deployed.out.splitlines()[-1])["release"])
    assert workstation.on_gateway("rollback", "0.0.1", "--bundle", "undone").code == 0

    def undo(*arguments: str) -> tuple[int, str]:
        printed = workstation.on_gateway("rollback", "--bundle", "undone", *arguments)
        return printed.code, printed.out or printed.err

    place = f"gateway ({workstation.machine.address}:22)"
    assert undo() == (0, f"undone 0.0.3 runs on {place}, release {ids[2]}, in place of {ids[0]}\n")
    assert undo("--mark-bad") == (0, f"undone 0.0.2 runs on {place}, release {ids[1]}, in place of {ids[2]}\n")
    refused = undo("0.0.3")
    assert (refused[0], "was marked as bad by" in refused[1]) == (3, True)
    mark = ("releases", "mark", "gateway", "--password-stdin", "--bundle", "undone")
    assert workstation.run(*mark, "0.0.1", "bad").code == 0
    nowhere = undo()
    assert (nowhere[0], "there is no change of undone to undo" in nowhere[1]) == (3, True)
    assert workstation.run(*mark, "0.0.1", "good").code == 0
    assert undo()[0] == 0
    remove = ("releases", "remove", "gateway", "--password-stdin", "--bundle", "undone")
    assert "is the current release, which stays" in workstation.run(*remove, "0.0.1").err
    assert workstation.run(*remove, ids[1]).code == 0
    left = json.loads(workstation.on_gateway("releases", "--bundle", "undone", "--format", "json").out)["releases"]
    assert [(one["id"], one["state"], one["current"]) for one in left] == [
        (ids[2], "bad", False),
        (ids[0], "good", True),
    ]
    acts = json.loads(workstation.on_gateway("history", "--bundle", "undone", "--format", "json").out)["acts"]
    assert [act["verb"] for act in acts[:3]] == ["drop", "rollback", "mark-good"]
    assert workstation.on_gateway("remove", "--bundle", "undone", "--yes", "--purge").code == 0
