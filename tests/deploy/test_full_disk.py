"""A disk that is full, and stays so: what runs goes on, there is one of it, and who makes room is let in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.box import PlainBox
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

BUNDLE = "/opt/bundlekit/bundles/example"
FLOODS = "import sys, time\nwhile True: sys.stderr.write('x' * 9999 + '\\n'); time.sleep(0.001)"
FILLER = "while :; do cat /dev/zero >>/opt/fill; sleep .02; done"
FILL = f"(setsid sh -c '{FILLER}' >/dev/null 2>&1 </dev/null & echo $! >/run/filler)"


def copies(box: PlainBox) -> str:
    return box.run("pgrep -fc '[i]ndex.py' || true").stdout.strip()


def test_full_disk_runs_one_copy_and_lets_stop_and_remove(tmp_path: Path) -> None:
    with PlainBox(disk="24m") as box:
        workstation = Workstation(tmp_path, box)
        assert workstation.deploy(workstation.sample()).code == 0
        flooding = workstation.deploy(workstation.sample("0.0.9", before_main=FLOODS), "--wait", "6")
        assert (flooding.code, "  | xxx" in flooding.err, "runs again" in flooding.err) == (1, True, True), flooding.err
        assert "xxx" in workstation.on_gateway("logs", "--release", "0.0.9").out
        box.run(f"yes 'a line of the log' | head -c 1500000 >>{BUNDLE}/log; {FILL}; sleep .5; df /opt | grep -q 100%")
        box.run(f"kill -KILL $(sed -n 's/^supervisor=//p' {BUNDLE}/running)")
        # The one whose supervisor is gone is replaced, by the supervisor's own company; and asked for twice, it is one.
        deadline = time.monotonic() + 60
        while (state := workstation.status()["bundles"][0]["running"] or {}).get("starts") != 1:
            assert time.monotonic() < deadline
            time.sleep(1)
        box.run("/etc/init.d/bundlekit-example start; sleep 1")
        assert copies(box) == "1"
        assert workstation.status()["bundles"][0]["running"]["pid"] == state["pid"]
        assert int(box.run(f"wc -c <{BUNDLE}/log").stdout) < 1_000_000, "the log of a full disk is what goes first"

        box.run("pkill -KILL -s $(cat /run/filler)", check=False)
        box.run("cat /dev/zero >>/opt/fill", check=False)
        stopped = workstation.on_gateway("stop")
        assert stopped.code == 0, stopped.err
        assert copies(box) == "0"
        full = workstation.deploy(workstation.sample("0.0.2"))
        assert (full.code, "the disk of the gateway is full" in full.err) == (3, True)
        removed = workstation.on_gateway("remove", "--yes")
        assert removed.code == 0, removed.err
        assert "stop" in workstation.on_gateway("history").out
        assert box.run("ls -A /opt/bundlekit | grep -v '^[a-z]' || true").stdout == ""
