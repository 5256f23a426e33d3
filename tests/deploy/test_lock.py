"""Many changes at once: the lock lets one in, and the others leave its work alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.deploy import script
from bundlekit.pack.archive import pack
from tests.desk import Desk

pytestmark = pytest.mark.gateway

# Each round: two deploys at once, of which one has to be told to wait and the other must get all of its files.
ROUND = """
cd /root; chmod 755 gateway.sh
for n in 1 2; do
    mkdir -p /opt/bundlekit/uploads/u$n; cp archive.tar.gz /opt/bundlekit/uploads/u$n/
done
for n in 1 2; do
    sh gateway.sh deploy example "$1" 0.0.1 "$2" /opt/bundlekit/uploads/u$n "" 30 3 "who$n" >out$n 2>&1 &
done
wait
cat out1 out2
"""


def test_two_deploys_at_once_never_make_half_a_release(desk: Desk) -> None:
    bundle = desk.sample()
    for number in range(200):
        (bundle / f"module_{number}.py").write_text(f"{number}\n")
    archive = pack(Bundle.in_folder(bundle))
    root = desk.machine
    place = desk.home / "gateway.sh"
    place.write_text(script.text())
    (desk.home / "archive.tar.gz").write_bytes(archive.data)
    root.put(place, "/root/gateway.sh")
    root.put(desk.home / "archive.tar.gz", "/root/archive.tar.gz")
    for turn in range(4):
        said = root.run(f"set -- 0.0.1-{turn} {archive.digest}\n{ROUND}").stdout
        assert said.count("outcome\tup\t") == 1, said
        assert said.count("fail\tbusy\t") + said.count("fail\tchanged\t") == 1, said
        count = root.run(f"ls /opt/bundlekit/bundles/example/releases/0.0.1-{turn} | grep -c module_").stdout
        assert int(count) == 200
        assert desk.on_gateway("remove", "--yes", "--purge").code == 0


@pytest.mark.parametrize("content", ["", "time=1\nwhat=deploy of 9\nwho=eve@desk\n"], ids=["free", "broken off"])
def test_lock_lets_one_in_at_a_time(desk: Desk, content: str, tmp_path: Path) -> None:
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
    desk.machine.put(place, "/root/locking.sh")
    desk.machine.run("mkdir -p /opt/bundlekit/bundles/x; cat >/opt/bundlekit/bundles/x/lock", given=content)
    desk.machine.run("for i in 1 2 3; do for n in 1 2 3 4 5 6; do sh /root/locking.sh & done; wait; done")
    assert desk.machine.run("cat /root/two 2>/dev/null || true").stdout == ""
    assert len(desk.machine.run("cat /root/in").stdout.split()) >= 3
    assert "fail\tbusy" in desk.machine.run("cat /root/said").stdout
    assert desk.machine.run("cat /opt/bundlekit/bundles/x/lock").stdout == ""


def test_lock_of_a_process_that_is_gone_is_free_at_once(desk: Desk) -> None:
    desk.deploy(desk.sample())
    lines = "exec 9>>/opt/bundlekit/bundles/example/lock\nflock -n 9\nprintf 'what=x\\nwho=y\\n' >&9\nexec sleep 100\n"
    desk.machine.run("cat >/root/hold && (setsid sh /root/hold >/dev/null 2>&1 &)", given=lines)
    desk.machine.run("until [ -s /opt/bundlekit/bundles/example/lock ]; do sleep .1; done")
    assert "under way: x, by y" in desk.on_gateway("status").out
    busy = desk.on_gateway("stop")
    assert (busy.code, "another change is under way there: x, by y" in busy.err) == (3, True)
    desk.machine.run("pkill -f '^sleep 100$'")
    assert "broken off: x, by y" in desk.on_gateway("status").out
    assert desk.on_gateway("stop").code == 0
