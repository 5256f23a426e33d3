"""Many changes at once: the lock lets one in, and the others leave its work alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from bundlekit.remote import script
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

# Each round: two deploys at once, of which one has to be told to wait and the other must get all of its files.
ROUND = """
cd /root; chmod 755 gateway.sh
for n in 1 2; do
    mkdir -p /opt/bundlekit/uploads/$2-$n; cp archive.tar.gz /opt/bundlekit/uploads/$2-$n/
done
for n in 1 2; do
    sh gateway.sh deploy example "release=$1" version=0.0.1 "identity=$3" "upload=/opt/bundlekit/uploads/$2-$n" \\
        replaces= wait=30 keep=3 "who=who$n" lock-wait=0 how= list= folder= signature= >out$n 2>&1 &
done
wait
cat out1 out2
"""


def test_two_deploys_at_once_never_make_half_a_release(workstation: Workstation) -> None:
    bundle = workstation.sample()
    for number in range(200):
        (bundle / f"module_{number}.py").write_text(f"{number}\n")
    archive = pack(Bundle.in_folder(bundle))
    root = workstation.machine
    place = workstation.home / "gateway.sh"
    place.write_text(script.text())
    (workstation.home / "archive.tar.gz").write_bytes(archive.data)
    root.put(place, "/root/gateway.sh")
    programs = workstation.home / "programs.zip"
    programs.write_bytes(script.programs())
    root.put(programs, "/root/programs.zip")
    root.put(workstation.home / "archive.tar.gz", "/root/archive.tar.gz")
    for turn in range(4):
        said = root.run(f"set -- 0.0.1-{turn} {archive.digest} {archive.identity}\n{ROUND}").stdout
        assert said.count("outcome\tup\t") == 1, said
        assert said.count("fail\tbusy\t") + said.count("fail\tchanged\t") == 1, said
        count = root.run(f"ls /opt/bundlekit/bundles/example/releases/0.0.1-{turn} | grep -c module_").stdout
        assert int(count) == 200
        assert workstation.on_gateway("remove", "--yes", "--purge").code == 0


@pytest.mark.parametrize("content", ["", "time=1\nwhat=deploy of 9\nwho=eve@workstation\n"], ids=["free", "broken off"])
def test_lock_lets_one_in_at_a_time(workstation: Workstation, content: str, tmp_path: Path) -> None:
    definitions = script.text().split("# ---------------------------------------------------------------- the way in")[
        0
    ]
    use = (
        "use_bundle x; mkdir -p $B\nexec 2>>/root/errors\n"
        "if lock test $$ >>/root/said; then\n"
        "mkdir /root/inside || echo two >>/root/two; sleep .4; rmdir /root/inside; unlock; echo in >>/root/in; fi\n"
    )
    place = tmp_path / "locking.sh"
    place.write_text(definitions + use)
    workstation.machine.put(place, "/root/locking.sh")
    workstation.machine.run("mkdir -p /opt/bundlekit/bundles/x; cat >/opt/bundlekit/bundles/x/lock", given=content)
    workstation.machine.run("for i in 1 2 3; do for n in 1 2 3 4 5 6; do sh /root/locking.sh & done; wait; done")
    assert workstation.machine.run("cat /root/two 2>/dev/null || true").stdout == ""
    assert len(workstation.machine.run("cat /root/in").stdout.split()) >= 3
    assert "fail\tbusy" in workstation.machine.run("cat /root/said").stdout
    assert workstation.machine.run("cat /opt/bundlekit/bundles/x/lock").stdout == ""


HOLD = """
cat >/root/hold; chmod {mode} {lock}; rm -f /root/holds
(setsid sh /root/hold >/dev/null 2>&1 &); until [ -e /root/holds ]; do sleep .1; done
"""
EXAMPLE = "/opt/bundlekit/bundles/example"


def hold(workstation: Workstation, process: str, *, mode: str, says: str = "") -> None:
    """Have a process of root's hold the lock, which has the mode then that an older script gave it, or ours."""
    lines = f"exec 9>>{EXAMPLE}/lock\nflock 9\nprintf '{says}' >&9\n: >/root/holds\n{process}\n"
    workstation.machine.run(HOLD.format(mode=mode, lock=f"{EXAMPLE}/lock"), given=lines)


@pytest.mark.parametrize("mode", ["644", "600"], ids=["of an older script", "of ours"])
def test_lock_is_held_as_long_as_its_holder_lives_whose_name_is_told(
    shared_workstation: Workstation, mode: str
) -> None:
    workstation = shared_workstation
    assert workstation.deploy(workstation.sample()).code in (0, 3)
    hold(workstation, "exec sleep 1234", mode=mode)
    process = workstation.machine.run("pgrep -f '^sleep 1234$'").stdout.strip()
    holder = f"lock is held by process {process} of root: sleep 1234, which is not a change of bundlekit"
    assert holder in workstation.on_gateway("status", "--bundle", "example").out
    # Of the shared gateway, on which other tests may have left bundles.
    (state,) = [bundle for bundle in workstation.status()["bundles"] if bundle["name"] == "example"]
    assert state["held_by"] == f"process {process} of root: sleep 1234"
    assert holder in workstation.on_gateway("doctor").out
    for refused in (
        workstation.on_gateway("stop", "--bundle", "example"),
        workstation.deploy(workstation.sample("0.0.2")),
    ):
        assert (refused.code, f"held there by process {process} of root: sleep 1234" in refused.err) == (3, True)
    workstation.machine.run(f"kill {process}")
    assert "lock is held" not in workstation.on_gateway("status", "--bundle", "example").out
    assert workstation.on_gateway("stop", "--bundle", "example").code == 0
    assert workstation.machine.run(f"stat -c %a {EXAMPLE}/lock").stdout == "600\n"
    assert workstation.on_gateway("remove", "--bundle", "example", "--yes", "--purge").code == 0


def test_change_of_an_older_script_is_waited_for_and_its_end_is_told(shared_workstation: Workstation) -> None:
    workstation = shared_workstation
    assert workstation.deploy(workstation.sample()).code == 0
    workstation.machine.run("mkdir -p /root/older; printf 'exec sleep 1235' >/root/older/gateway.sh")
    older = "sh -c 'sleep 1235; :' /root/older/gateway.sh apart example"
    hold(workstation, older, mode="644", says="time=1\\nwhat=x\\nwho=y\\n")
    assert "under way: x, by y" in workstation.on_gateway("status", "--bundle", "example").out
    busy = workstation.on_gateway("stop", "--bundle", "example")
    assert (busy.code, "another change is under way there: x, by y" in busy.err) == (3, True)
    workstation.machine.run("kill -9 $(pgrep -f '[/]root/older/gateway.sh'); pkill -f '^sleep 1235$'")
    assert "broken off: x, by y" in workstation.on_gateway("status", "--bundle", "example").out
    stopped = workstation.on_gateway("stop", "--bundle", "example")
    assert (stopped.code, "the last change did not end: x by y" in stopped.err) == (0, True)
    assert workstation.on_gateway("remove", "--bundle", "example", "--yes", "--purge").code == 0


# Another user, who holds whatever can be opened, as soon as it can.
MALLORY = """
import fcntl, os, time
while True:
    for top in ("/opt/bundlekit", "/run/bundlekit"):
        for folder, _, names in os.walk(top):
            for path in [folder] + [os.path.join(folder, name) for name in names]:
                try:
                    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                except OSError:
                    continue
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except IOError:
                    os.close(opened)
                else:
                    with open("/home/mallory/held", "a") as held:
                        held.write(path + "\\n")
    time.sleep(.1)
"""
SERVICE = """
[Unit]
Before=bundlekit-example.service {before}
[Service]
Type=oneshot
User={user}
LimitNOFILE=65536
ExecStart=/bin/sh -c '(exec {command}) & {ready}'
RemainAfterExit=yes
[Install]
WantedBy=multi-user.target
"""
MEETS = """
mkdir -p /home/mallory; useradd -d /home/mallory mallory; chown mallory /home/mallory; cat >/home/mallory/hold.py
systemctl daemon-reload; systemctl start mallory; systemctl -q enable mallory root
"""


def services(workstation: Workstation) -> None:
    """Let mallory hold what he can, now and at boots; and let a process of root's hold the lock at boots."""
    ready = f"until grep -qsx {EXAMPLE} /home/mallory/held; do sleep .1; done"
    mallory = SERVICE.format(before="", user="mallory", command="python2.7 /home/mallory/hold.py", ready=ready)
    ready = f"until ! flock -n {EXAMPLE}/lock true; do sleep .1; done"
    # Before mallory, who would be the one that it waits for.
    root = SERVICE.format(
        before="mallory.service", user="root", command=f"flock {EXAMPLE}/lock sleep 1236", ready=ready
    )
    for name, text in (("mallory", mallory), ("root", root)):
        workstation.machine.run(f"cat >/etc/systemd/system/{name}.service", given=text)
    workstation.machine.run(MEETS, given=MALLORY)


def test_user_who_holds_all_that_he_can_open_stops_no_change_and_no_recovery(workstation: Workstation) -> None:
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    machine = workstation.machine
    machine.run(f"chmod 644 {EXAMPLE}/lock")  # as an older script made it
    services(workstation)
    machine.run(f"until grep -x {EXAMPLE}/lock /home/mallory/held; do sleep .1; done")
    assert "of mallory: python2.7 /home/mallory/hold.py" in workstation.on_gateway("status").out
    assert workstation.on_gateway("restart").code == 0
    assert machine.run(f"stat -c %a {EXAMPLE}/lock").stdout == "600\n"
    assert "mallory" not in workstation.on_gateway("status").out
    updated = workstation.deploy(workstation.sample("0.0.2"))
    assert updated.code == 0, updated.err
    ended = f"while [ -e {EXAMPLE}/journal ]; do sleep .2; done; readlink {EXAMPLE}/current"

    killed = cut_off(workstation, "0.0.3")
    machine.run(f"kill -9 $(sed -n s/^pid=//p {EXAMPLE}/lock)")
    assert killed.wait() == 0
    assert machine.run(ended).stdout.startswith("releases/0.0.3-")

    cut = cut_off(workstation, "0.0.4")
    machine.run(f"chmod 644 {EXAMPLE}/lock; rm /home/mallory/held")
    machine.power_cut()
    cut.kill()
    machine.boot()
    machine.run(f"until grep '^bundle=' {EXAMPLE}/running; do sleep .1; done")
    status = workstation.on_gateway("status").out
    assert "the lock is held by process " in status
    assert "of root: " in status
    machine.run(f"test -e {EXAMPLE}/journal; pkill -f '^sleep 1236'")
    assert machine.run(ended).stdout.startswith("releases/0.0.4-")
    assert machine.run("grep -c example/lock /home/mallory/held").stdout != "0\n"
    last = workstation.on_gateway("history").out
    assert "brought to its end" in last, last


def cut_off(workstation: Workstation, version: str) -> subprocess.Popen[str]:
    """Begin a deploy of a release that is slow to start, and wait until it is started."""
    client = workstation.begin(
        "deploy", "--bundle", str(workstation.sample(version, before_main="import time; time.sleep(3)"))
    )
    assert client.stderr
    while not client.stderr.readline().startswith("- wait"):
        assert client.poll() is None
    return client


def test_processes_by_names_of_ours_are_ours_only_if_they_are_roots_or_the_uploaders(workstation: Workstation) -> None:
    machine, place = workstation.machine, f"/opt/bundlekit/uploads/{'a' * 64}-1"
    definitions = script.text().split("# ---------------------------------------------------------------- the way in")[
        0
    ]
    ask = f"use_bundle x\nis_supervisor $1 && echo supervisor\nis_uploading {place} && echo uploading\n:\n"
    machine.run("cat >/root/ask.sh", given=definitions + ask)
    machine.run(f"useradd mallory; mkdir -p {place}/in; touch {place}/start; chown moxa {place}/in")
    answers = {}
    for user in ("root", "moxa", "mallory"):
        for name, more in (("supervisor", ""), ("uploading", place)):
            # Only the process itself has that name, none that starts it.
            lines = f"echo $$ >/tmp/pid\nexec sh -c 'sleep 100; :' gateway.sh supervise x {more}\n"
            machine.run("cat >/tmp/pretend; chmod 755 /tmp/pretend", given=lines)
            machine.run(f"setsid su -s /bin/sh {user} -c 'exec sh /tmp/pretend' >/dev/null 2>&1 &")
            said = machine.run("until [ -s /tmp/pid ]; do sleep .1; done; sleep .2; sh /root/ask.sh $(cat /tmp/pid)")
            answers[user, name] = said.stdout.split()
            machine.run("kill $(cat /tmp/pid); rm /tmp/pid /tmp/pretend")
    assert answers == {
        ("root", "supervisor"): ["supervisor"],
        ("root", "uploading"): ["uploading"],
        ("moxa", "supervisor"): [],
        ("moxa", "uploading"): ["uploading"],
        ("mallory", "supervisor"): [],
        ("mallory", "uploading"): [],
    }
