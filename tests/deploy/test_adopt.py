"""Taking over a copy that runs by hand, and fetching it: on a real gateway."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.box import PlainBox
from tests.deploy.test_ending import change_and_cut
from tests.link import Relay
from tests.pack.keys import make_key
from tests.workstation import Workstation

gateway = pytest.mark.gateway


@contextmanager
def by_hand(workstation: Workstation, bundle: Path, folder: str) -> Iterator[Callable[[], str]]:
    """Run a bundle on the gateway as the vendor's guide says; gives what tells its process, or nothing."""
    box = workstation.machine
    box.put(bundle, folder)
    box.run(f"cd {folder} && MARK=mine setsid python index.py >>/root/by-hand.log 2>&1 </dev/null & sleep 1")

    def process() -> str:
        found = box.run(
            f"for p in $(pgrep -fx 'python index.py'); do [ $(readlink /proc/$p/cwd) != {folder} ] || echo $p; done"
        )
        return found.stdout.strip()

    assert process()
    try:
        yield process
    finally:
        box.run(f"kill -9 {process()} 2>/dev/null; rm -rf {folder} /root/by-hand.log; true")
        workstation.on_gateway(
            "remove", "--bundle", json.loads((bundle / "bundle.json").read_text())["name"], "--yes", "--purge"
        )


@gateway
def test_copy_by_hand_is_adopted_with_its_settings_and_can_be_fetched(shared_workstation: Workstation) -> None:
    workstation, box = shared_workstation, shared_workstation.machine
    bundle = workstation.sample(name="by-hand-a")
    (bundle / "data/by-hand-a.json").write_text('{"key": "of the copy"}')
    (bundle / "index.pyc").write_bytes(b"old")
    with by_hand(workstation, bundle, "/root/its folder".replace(" ", "-")) as process:
        fetched = workstation.on_gateway("fetch", "--bundle", "by-hand-a", "-o", "plain")
        assert fetched.code == 0, fetched.err
        assert (workstation.home / "plain/index.py").read_bytes() == (bundle / "index.py").read_bytes()
        assert sorted(path.name for path in (workstation.home / "plain/data").iterdir()) == ["by-hand-a.json.factory"]
        assert not (workstation.home / "plain/index.pyc").exists()

        make_key(workstation.home / "alice")
        assert workstation.on_gateway("signers", "add", "alice.pub", "--name", "alice").code == 0
        try:
            refused = workstation.on_gateway("adopt", "--bundle", "by-hand-a")
            assert (refused.code, "`adopt --sign KEY`" in refused.err) == (1, True), refused.err
            assert process()
            adopted = workstation.on_gateway("adopt", "--bundle", "by-hand-a", "--sign", "alice")
            assert adopted.code == 0, adopted.err
            signed = workstation.on_gateway("history", "--bundle", "by-hand-a").out
            assert ", signed by alice, by " in signed
        finally:
            workstation.on_gateway("signers", "remove", "--all")
        assert "by-hand-a 0.0.1 runs on gateway" in adopted.out
        assert "its folder is as it was" in adopted.out
        assert process() == ""
        assert box.api("GET", "/by-hand-a") == (200, {"key": "of the copy"})
        assert box.run("cat /root/its-folder/data/by-hand-a.json").stdout == '{"key": "of the copy"}'
        assert "adopt 0.0.1-" in workstation.on_gateway("history", "--bundle", "by-hand-a").out
        assert box.run("ls -A /opt/bundlekit/bundles/by-hand-a").stdout.split().count("by-hand") == 0
        again = workstation.on_gateway("adopt", "--bundle", "by-hand-a")
        assert (again.code, "no copy of by-hand-a runs by hand" in again.err) == (3, True)

        with_settings = workstation.on_gateway("fetch", "--bundle", "by-hand-a", "--with-settings")
        assert with_settings.code == 0, with_settings.err
        settings = workstation.home / "by-hand-a/data/by-hand-a.json"
        assert settings.read_text() == '{"key": "of the copy"}'
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600
        taken = workstation.on_gateway("fetch", "--bundle", "by-hand-a")
        assert (taken.code, "by-hand-a exists and is not an empty folder" in taken.err) == (3, True)


@gateway
def test_copy_by_hand_runs_again_if_the_release_does_not_come_up(shared_workstation: Workstation) -> None:
    workstation, box = shared_workstation, shared_workstation.machine
    # A release does not come up, in its place; the copy by hand does.
    bundle = workstation.sample(name="by-hand-b", before_main='if "/opt/" in os.path.abspath(__file__): os._exit(3)')
    (bundle / "data/by-hand-b.json").write_text('{"key": "of the copy"}')
    with by_hand(workstation, bundle, "/root/by-hand-b") as process:
        before = process()
        environment = box.run(f"tr '\\0' '\\n' </proc/{before}/environ | sort").stdout
        failed = workstation.on_gateway("adopt", "--bundle", "by-hand-b", "--wait", "30")
        assert failed.code == 1, failed.err
        assert "ended with exit status 3" in failed.err
        assert "kept: the copy that ran by hand runs again" in failed.err
        after = process()
        assert after
        assert after != before
        assert box.run(f"tr '\\0' '\\n' </proc/{after}/environ | sort").stdout == environment
        assert box.run(f"stat -c %U /proc/{after}; readlink /proc/{after}/fd/1").stdout.split() == [
            "root",
            "/root/by-hand.log",
        ]
        left = box.run("ls -A /opt/bundlekit/bundles/by-hand-b /etc/systemd/system").stdout.split()
        assert not {"current", "journal", "by-hand", "bundlekit-by-hand-b.service"} & set(left)
        assert "the copy that ran by hand runs again" in workstation.on_gateway("history", "--bundle", "by-hand-b").out

        box.run("mkdir -p /opt/bundlekit/bundles/by-hand-b/settings")
        box.run("echo '{}' >/opt/bundlekit/bundles/by-hand-b/settings/by-hand-b.json")
        refused = workstation.on_gateway("adopt", "--bundle", "by-hand-b")
        assert (refused.code, "--settings running or --settings kept" in refused.err) == (1, True)
        assert process() == after


def cut_off(workstation: Workstation, at: str) -> tuple[int, str]:
    """Cut power and link of an adoption when it says that it is there, boot, and let the client hear how it ended."""
    with Relay((workstation.machine.address, workstation.machine.port), cuts=1) as relay:
        workstation.go_through(relay.port)
        client = change_and_cut(workstation, relay, "adopt", "--bundle", "by-hand-d", "--settings", "running", at=at)
        workstation.machine.power_cut()
        workstation.machine.boot()
        out, err = client.communicate(timeout=120)
    workstation.write_config(f"IdentityFile {workstation.machine.client_key}")
    assert "connecting again to hear how it ends" in err
    return client.returncode, out + err


@gateway
def test_adoption_that_loses_link_and_power_ends_in_order_without_systemd(tmp_path: Path, plain_box: PlainBox) -> None:
    workstation, box = Workstation(tmp_path, plain_box), plain_box
    home = "/opt/bundlekit/bundles/by-hand-d"
    bundle = workstation.sample(
        name="by-hand-d", before_main="import time; Example.before_stop = lambda self: time.sleep(2)"
    )
    (bundle / "data/by-hand-d.json").write_text('{"key": "of the copy"}')
    with by_hand(workstation, bundle, "/root/by-hand-d") as process:
        code, told = cut_off(workstation, "- stop")
        assert (code, "kept: the copy that ran by hand runs again" in told) == (1, True), told
        assert process(), told
        assert box.run(f"tr '\\0' '\\n' </proc/{process()}/environ").stdout.count("MARK=mine\n") == 1
        assert box.run("cat /root/by-hand-d/data/by-hand-d.json").stdout == '{"key": "of the copy"}'
        left = box.run(f"ls -A {home} /etc/init.d /etc/rc2.d").stdout.split()
        assert not [name for name in left if name in ("current", "journal", "by-hand") or "bundlekit-" in name], left

        code, told = cut_off(workstation, "- wait")
        assert (code, "by-hand-d 0.0.1 runs on gateway" in told) == (0, True), told
        assert process() == ""
        assert box.api("GET", "/by-hand-d") == (200, {"key": "of the copy"})
        assert not {"journal", "by-hand"} & set(box.run(f"ls -A {home}").stdout.split())
        acts = workstation.on_gateway("history", "--bundle", "by-hand-d").out
        assert acts.count("brought to its end by the gateway's next boot") == 2, acts


@gateway
def test_copy_of_somebody_else_does_not_become_root(shared_workstation: Workstation) -> None:
    workstation, box = shared_workstation, shared_workstation.machine
    bundle = workstation.sample(name="by-hand-c")
    box.put(bundle, "/srv/by-hand-c")
    box.run("chown -R nobody /srv/by-hand-c")
    start = "cd /srv/by-hand-c && setsid python index.py >/dev/null 2>&1 </dev/null & sleep 1"
    box.run(f"su -s /bin/sh nobody -c '{start}'")
    try:
        refused = workstation.on_gateway("adopt", "--bundle", "by-hand-c")
        assert refused.code == 3, refused.err
        assert "runs as nobody, and a release would run as root" in refused.err
        assert box.run("ls /opt/bundlekit/bundles/by-hand-c/releases").stdout == ""
    finally:
        box.run("pkill -9 -u nobody; rm -rf /srv/by-hand-c")
        workstation.on_gateway("remove", "--bundle", "by-hand-c", "--yes", "--purge")
