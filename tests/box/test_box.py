"""The gateway that other tests trust."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.box import Box, Machine, PlainBox
from tests.box import slot as slots
from tests.box.place import processes_in
from tests.box.slot import Slot

pytestmark = pytest.mark.gateway

EXAMPLE = Path(__file__).parents[1] / "fixtures" / "example"


def ssh(box: Machine, command: str, user: str = "moxa", given: str = "") -> subprocess.CompletedProcess[str]:
    arguments = ["ssh", "-F", str(box.ssh_config), "-o", "BatchMode=yes", "-l", user, "gateway", command]
    return subprocess.run(arguments, input=given, check=False, capture_output=True, text=True, timeout=60)


def networks() -> set[int]:
    """The numbers of all named network namespaces; those of other tests come and go while this looks."""
    found = set()
    for place in Path("/run/netns").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(place.stat().st_ino)
    return found


def run_example(box: Machine) -> None:
    """Start the sample bundle by hand, as the guide does; returns when it is registered."""
    if not (box.root / "opt/example").exists():
        box.put(EXAMPLE, "/opt/example")
    box.run(
        """
        cd /opt/example && setsid python index.py >/tmp/log 2>&1 </dev/null &
        until grep -q 'Register successfully example tunnel:' /tmp/log; do sleep 0.1; done
        """
    )


def traces(slot: Slot, folder: Path) -> list[str]:
    """What can be seen of a box on this host."""
    links = {link["ifname"] for link in json.loads(subprocess.check_output(["ip", "-json", "link"]))}
    places = [folder, Path("/run/netns", slot.name), *cgroups_named(slot.name)]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{folder}/" in line]
    return [*({f"bk-{slot.number}"} & links), *(str(place) for place in places if place.exists()), *mounts]


def cgroups_named(name: str) -> list[Path]:
    """Looked for without a glob, which fails on a group of somebody else's that goes meanwhile."""
    return [Path(group) for group, _, _ in os.walk("/sys/fs/cgroup") if Path(group).name == name]


def command_line(process: str) -> bytes:
    """Empty for one that has ended, even if nobody has asked for its exit status."""
    try:
        return Path("/proc", process, "cmdline").read_bytes()
    except OSError:
        return b""


def test_it_is_what_a_gateway_is(shared_box: Box) -> None:
    facts = """
        systemctl is-system-running --wait
        cat /proc/1/comm
        python -c 'import sys; print(sys.version_info[:2])'
        python -c 'import sanji.core; print("SDK")'
        readlink /bin/sh
        stat -c '%a %U' /etc/mx-api-token
        hostname
        command -v git gcc || echo neither
    """
    assert shared_box.run(facts).stdout.splitlines() == [
        "running",
        "systemd",
        "(2, 7)",
        "SDK",
        "dash",
        "600 root",
        "Moxa",
        "neither",
    ]


def test_it_has_a_shell_of_busybox_to_try_scripts_with(shared_box: Box) -> None:
    assert shared_box.run("busybox sh -c 'echo $((1 + 1))'").stdout == "2\n"


def test_moxa_logs_in_and_becomes_root_with_the_password_alone(shared_box: Box) -> None:
    assert ssh(shared_box, "id -un").stdout == "moxa\n"
    assert ssh(shared_box, "sudo -n id").returncode == 1
    assert ssh(shared_box, "sudo -S id -un", given=f"{shared_box.password}\n").stdout == "root\n"


def test_root_cannot_log_in(shared_box: Box) -> None:
    shared_box.run("install -D -m 600 /home/moxa/.ssh/authorized_keys /root/.ssh/authorized_keys")
    assert "Permission denied" in ssh(shared_box, "id", user="root").stderr


def test_broker_listens_on_its_address(shared_box: Box) -> None:
    socket.create_connection((shared_box.address, 1883), timeout=5).close()


def test_failed_command_shows_what_it_said(shared_box: Box) -> None:
    with pytest.raises(AssertionError, match=r"(?s)exit status 3.*so there"):
        shared_box.run("echo so there >&2; exit 3")
    assert shared_box.run("exit 3", check=False).returncode == 3
    assert shared_box.run("cat", given="ü\n").stdout == "ü\n"


def test_sample_bundle_answers_over_the_api(box: Box) -> None:
    assert box.api("GET", "/example")[0] == 403
    run_example(box)
    assert box.api("GET", "/example") == (200, {"key": "value"})
    assert box.api("PUT", "/example", {"key": [1, "ü"]}) == (200, {"key": [1, "ü"]})
    assert box.api("GET", "/example") == (200, {"key": [1, "ü"]})


def test_reboot_ends_what_runs_and_keeps_what_was_written(box: Box) -> None:
    run_example(box)
    assert box.api("PUT", "/example", {"kept": True})[0] == 200
    box.reboot()
    assert box.run("pgrep -x python", check=False).returncode == 1
    assert box.api("GET", "/example")[0] == 403
    run_example(box)
    assert box.api("GET", "/example") == (200, {"kept": True})


def test_power_cut_ends_it_at_once_and_what_was_synced_is_there_at_boot(box: Box) -> None:
    box.run("systemd-run --property=ExecStop='/usr/bin/touch /opt/end' sleep 1000; echo precious >/opt/x; sync")
    box.power_cut()
    with pytest.raises(AssertionError, match="switched off"):
        box.run("true")
    box.boot()
    assert box.run("cat /opt/x; ls /opt; pgrep -x sleep", check=False).stdout == "precious\nx\n"
    assert box.api("GET", "/example")[0] == 403


def test_plain_box_runs_no_systemd_and_answers_all_the_same(plain_box: PlainBox) -> None:
    assert plain_box.run("cat /proc/1/comm; ls -d /run/systemd/system", check=False).stdout.strip() != "systemd"
    assert ssh(plain_box, "sudo -S id -un", given=f"{plain_box.password}\n").stdout == "root\n"
    run_example(plain_box)
    assert plain_box.api("GET", "/example") == (200, {"key": "value"})


def test_plain_box_runs_its_init_scripts_at_reboot_and_not_at_a_power_cut(plain_box: PlainBox) -> None:
    script = r"""#!/bin/sh
### BEGIN INIT INFO
# Provides: teller
# Required-Start: $remote_fs
# Required-Stop: $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: tells
### END INIT INFO
echo "$1" >>/opt/told
"""
    plain_box.run("cat >/etc/init.d/teller; chmod 755 /etc/init.d/teller; update-rc.d teller defaults", given=script)
    plain_box.reboot()
    assert plain_box.run("cat /opt/told").stdout.split() == ["stop", "start"]
    plain_box.power_cut()
    plain_box.boot()
    assert plain_box.run("cat /opt/told").stdout.split() == ["stop", "start", "start"]


def test_boxes_stand_side_by_side_and_do_not_touch_each_other(box: Box) -> None:
    with Box() as other:
        assert box.address != other.address
        box.run("echo mine >/opt/x; systemctl restart ssh")
        other.run("test ! -e /opt/x; systemctl restart mosquitto")
        assert box.run("systemctl is-active ssh mosquitto").stdout.split() == ["active", "active"]
        other.power_cut()
        assert ssh(box, "id -un").stdout == "moxa\n"
        assert box.run("cat /opt/x").stdout == "mine\n"


@pytest.mark.parametrize("kind", [Box, PlainBox])
def test_nothing_is_left_of_a_box_that_was_stopped(kind: type[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    slot = slots.take()
    # It stays ours after the end, or the next box of another worker could be taken for a trace.
    monkeypatch.setattr(Slot, "release", lambda _: None)
    monkeypatch.setattr(slots, "take", lambda: slot)
    with kind() as box:
        folder = box.root.parent
        assert len(traces(slot, folder)) >= 5
        # Out of reach of who looks at the box's network alone.
        box.run("setsid unshare --net sleep 1000 >/dev/null 2>&1 </dev/null &")
    assert traces(slot, folder) == []
    slot.lock.close()


def test_stopping_twice_does_not_touch_who_has_the_place_by_then(box: Box) -> None:
    gone = Box()
    gone.start()
    gone.stop()
    with Box() as successor:
        gone.stop()
        box.run("true")
        successor.run("true")


def test_start_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = slots.take()
    monkeypatch.setattr(Slot, "release", lambda _: None)
    monkeypatch.setattr(slots, "take", lambda: slot)
    monkeypatch.setattr(Box, "program", ("/bin/false",))
    box = Box()
    folder = box.root.parent
    with pytest.raises(AssertionError, match="it ended at once"):
        box.start()
    assert traces(slot, folder) == []
    slot.lock.close()


def test_what_a_killed_run_left_behind_is_cleared_by_the_next(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-m", "tests.box"], stdout=output, cwd=EXAMPLE.parents[2])
    while "Ctrl-C" not in log.read_text():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    folder = Path(log.read_text().split("its files")[1].split()[0]).parent
    left = {number for group in cgroups_named(folder.name) for number in processes_in(group)}
    assert left
    mark = folder / "mark"
    mark.touch()
    # Held open, or its number may be that of a namespace which another test makes meanwhile.
    with Path("/run/netns", folder.name).open() as namespace:
        with Box():
            pass
        # The same place may be in use again by now, so look at what was there, not at where it was.
        assert not mark.exists()
        assert [number for number in left if command_line(number)] == []
        assert os.fstat(namespace.fileno()).st_ino not in networks()
