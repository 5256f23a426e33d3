"""Gateways as they are met: old ones without systemd, full ones, broken ones; each fault has a message of its own."""

from __future__ import annotations

import shutil

import pytest

from tests.workstation import Workstation

pytestmark = pytest.mark.gateway


def test_without_systemd_an_init_script_does_the_same(plain_workstation: Workstation) -> None:
    box, workstation = plain_workstation.machine, plain_workstation
    first = workstation.deploy(workstation.sample("0.0.1"))
    assert first.code == 0, first.err
    assert box.api("PUT", "/example", {"key": "mine"})[0] == 200
    assert workstation.status()["boot"] == "init"
    failed = workstation.deploy(workstation.sample("0.0.2", before_main="raise RuntimeError('no')"))
    assert failed.code == 1
    assert "runs again" in failed.err
    second = workstation.deploy(workstation.sample("0.0.3"))
    assert second.code == 0, second.err
    assert box.api("GET", "/example") == (200, {"key": "mine"})
    assert "is running" in box.run("/etc/init.d/bundlekit-example status").stdout
    box.reboot()
    assert workstation.on_gateway("restart").code == 0
    assert box.api("GET", "/example") == (200, {"key": "mine"})
    assert workstation.on_gateway("stop").code == 0
    assert box.run("/etc/init.d/bundlekit-example status", check=False).returncode == 3
    assert workstation.on_gateway("remove", "--yes", "--purge").code == 0
    assert "bundlekit" not in box.run("ls /etc/init.d /etc/rc2.d").stdout


def test_after_a_reboot_the_init_script_has_started_it(plain_workstation: Workstation) -> None:
    workstation = plain_workstation
    assert workstation.deploy(workstation.sample()).code == 0
    before = workstation.machine.run("cat /opt/bundlekit/bundles/example/running").stdout
    workstation.machine.reboot()
    workstation.machine.run(
        "for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do"
        " grep -q Register.successfully /opt/bundlekit/bundles/example/log && exit; sleep 1; done; exit 1"
    )
    after = workstation.machine.run("cat /opt/bundlekit/bundles/example/running").stdout
    assert after
    assert after != before
    assert workstation.status()["bundles"][0]["running"]["starts"] == 1


def test_busybox_is_shell_enough(plain_workstation: Workstation) -> None:
    workstation = plain_workstation
    workstation.machine.run("ln -sf /bin/busybox /bin/sh && rm -f /usr/bin/setsid")
    assert workstation.machine.run("sh --help 2>&1 | head -n 1").stdout.startswith("BusyBox")
    first = workstation.deploy(workstation.sample("0.0.1"))
    assert first.code == 0, first.err
    failed = workstation.deploy(workstation.sample("0.0.2", before_main="raise RuntimeError('no')"))
    assert failed.code == 1, failed.err
    assert "RuntimeError: no" in failed.err
    assert "runs again" in failed.err
    assert workstation.machine.api("GET", "/example") == (200, {"key": "value"})
    assert workstation.on_gateway("stop").code == 0


# What is done there, what undoes it, the exit code and the message.
UNFIT = [
    ("mv /usr/bin/python2.7 /root/", "mv /root/python2.7 /usr/bin/", 3, "has no Python 2.7"),
    ("mv /usr/lib/python2.7/dist-packages/sanji /root/", "mv /root/sanji /usr/lib/python2.7/dist-packages/", 3,
     "has no sanji SDK"),
    ("mv /usr/bin/sha256sum /root/", "mv /root/sha256sum /usr/bin/", 3, "has no sha256sum"),
    ("mount -t tmpfs -o size=1m tmpfs /opt", "umount /opt", 3, "the disk of the gateway is full"),
    ("mount -t tmpfs -o ro tmpfs /opt", "umount /opt", 3, "cannot write below /opt/bundlekit"),
    ("mount -t tmpfs -o size=9m,nr_inodes=16 tmpfs /opt", "umount /opt", 3, "the disk of the gateway is full"),
    ("mv /usr/bin/scp /root/", "mv /root/scp /usr/bin/", 3, "did not take the upload"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "mend", "code", "message"), UNFIT, ids=[case[3] for case in UNFIT])
def test_unfit_gateway_is_told_from_others_and_left_as_it_was(
    emptied_workstation: Workstation, fault: str, mend: str, code: int, message: str
) -> None:
    workstation = emptied_workstation
    workstation.machine.run(fault)
    try:
        printed = workstation.deploy(workstation.sample())
        assert printed.code == code
        assert message in printed.err
        assert "kept: nothing was" in printed.err
        assert "Traceback" not in printed.err
        assert "hint: " in printed.err
        left = workstation.machine.run("ls /opt/bundlekit/bundles/example/releases 2>/dev/null || true").stdout
        assert left == "", "half of a release is left"
    finally:
        workstation.machine.run(mend)


def test_disk_that_fills_up_during_an_upgrade_leaves_the_old_release_running(workstation: Workstation) -> None:
    workstation.machine.run("mount -t tmpfs -o size=9m,nr_inodes=60 tmpfs /opt")
    first = workstation.deploy(workstation.sample("0.0.1"))
    assert first.code == 0, first.err
    before = workstation.status()["bundles"][0]
    bundle = workstation.sample("0.0.2")
    for number in range(60):
        (bundle / f"module_{number}.py").write_text("")
    full = workstation.deploy(bundle)
    assert full.code == 3
    assert "the disk of the gateway is full" in full.err
    after = workstation.status()["bundles"][0]
    assert {**after, "last": None} == {**before, "last": None}
    assert (after["last"]["outcome"], after["last"]["finished_by"]) == ("refused", "")
    assert workstation.machine.api("GET", "/example") == (200, {"key": "value"})
    small = workstation.deploy(workstation.sample("0.0.3"))
    assert small.code == 0, small.err


def test_lock_of_a_change_that_was_killed_is_broken_with_a_word(emptied_workstation: Workstation) -> None:
    workstation = emptied_workstation
    workstation.deploy(workstation.sample("0.0.1"))
    lines = "time=1\nwhat=deploy of 9\nwho=eve@workstation\n"
    workstation.machine.run("cat >/opt/bundlekit/bundles/example/lock", given=lines)
    status = workstation.on_gateway("status")
    assert "broken off: deploy of 9, by eve@workstation" in status.out
    assert status.code == 1
    printed = workstation.deploy(workstation.sample("0.0.2"))
    assert printed.code == 0, printed.err
    assert "note: the last change did not end: deploy of 9 by eve@workstation" in printed.err


def test_two_bundles_on_one_workstation_are_told_apart_by_the_folder(shared_workstation: Workstation) -> None:
    bundle = shared_workstation.sample(name="by-folder")
    assert shared_workstation.deploy(bundle).code == 0
    printed = shared_workstation.on_gateway("status", "--bundle", str(bundle))
    assert printed.out.count("by-folder") == 1
    shutil.rmtree(bundle)
    nowhere = shared_workstation.on_gateway("status", "--bundle", str(bundle))
    assert nowhere.code == 2
    assert shared_workstation.on_gateway("remove", "--bundle", "by-folder", "--yes", "--purge").code == 0


def test_without_systemd_no_copy_outlives_its_supervisor(plain_workstation: Workstation) -> None:
    workstation = plain_workstation
    child = "import subprocess, threading; subprocess.Popen(['sleep', '12345'])"
    child += "; threading.Timer(1, os.chdir, '/').start()"
    assert workstation.deploy(workstation.sample(before_main=child)).code == 0
    supervisor = workstation.machine.run(
        "sed -n s/^supervisor=//p /opt/bundlekit/bundles/example/running"
    ).stdout.strip()
    workstation.machine.run("until readlink /proc/$(pgrep -f '[i]ndex.py')/cwd | grep -x /; do sleep .1; done")
    workstation.machine.run(f"kill -9 {supervisor}")
    assert workstation.on_gateway("status").code == 1
    assert workstation.on_gateway("start").code == 0
    assert workstation.machine.run("pgrep -fc '[i]ndex.py'").stdout == "1\n"
    assert workstation.on_gateway("stop").code == 0
    assert workstation.machine.run("pgrep -f '[i]ndex.py|^sleep 12345' || true").stdout == ""


def test_noise_of_a_log_in_shell_does_no_harm(workstation: Workstation) -> None:
    workstation.machine.run(
        "sed -i '1i printf Welcome' /home/moxa/.bashrc 2>/dev/null || printf 'printf Welcome\\n' >/home/moxa/.bashrc"
    )
    assert workstation.on_gateway("status").code == 0
    printed = workstation.deploy(workstation.sample())
    assert printed.code == 0, printed.err
    assert "Welcome" not in printed.out + printed.err
