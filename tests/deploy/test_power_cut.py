"""The power goes in the worst moment: what a user has set is there again after the boot."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.box import PlainBox
from tests.deploy.test_hand_over import LAST_WORDS
from tests.desk import Desk

pytestmark = pytest.mark.gateway

HOME = "/opt/bundlekit/bundles/example"
# In the place of sync: waits for the power cut as soon as the release that /run/hold names is current.
HOLDS = f"""#!/bin/sh
if [ -f /run/hold ]; then
    case $(readlink {HOME}/current) in
    "releases/$(cat /run/hold)-"*) : >/run/held; exec sleep 1000 ;;
    esac
fi
exec /bin/sync "$@"
"""


def cut_off_after_switch(desk: Desk, version: str, *change: str) -> None:
    """Make a change whose power is cut right after the switch to that version, and boot."""
    box = desk.machine
    box.run("cat >/usr/local/bin/sync; chmod 755 /usr/local/bin/sync", given=HOLDS)
    box.run(f"echo {version} >/run/hold")
    client = desk.start(change[0], "gateway", "--password-stdin", *change[1:])
    box.run("until [ -e /run/held ]; do sleep .05; done")
    cut_off(desk)
    client.kill()
    client.communicate()


def cut_off(desk: Desk) -> None:
    desk.machine.power_cut()
    desk.machine.boot()


def key(desk: Desk) -> str:
    """What the bundle answers, once it has registered: a request that comes too early waits for a minute."""
    deadline = time.monotonic() + 60
    while not (desk.status()["bundles"][0]["running"] or {}).get("registered"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return str(desk.machine.api("GET", "/example")[1]["key"])


def test_settings_are_there_after_power_cuts(tmp_path: Path, plain_box: PlainBox) -> None:
    desk = Desk(tmp_path, plain_box)
    for version in ("0.0.1", "0.0.2"):
        assert desk.deploy(desk.sample(version)).code == 0
        assert plain_box.api("PUT", "/example", {"key": f"of {version}"})[0] == 200
    cut_off_after_switch(desk, "0.0.1", "rollback", "--settings")
    assert key(desk) == "of 0.0.1", "the release and its settings are of one age"
    plain_box.run(f"while [ -e {HOME}/journal ]; do sleep .1; done; rm /usr/local/bin/sync")

    # As the SDK leaves them that is cut off while it saves, and a history to which something was added.
    assert plain_box.api("PUT", "/example", {"key": "later"})[0] == 200
    plain_box.run(f"until grep -q later {HOME}/kept/example.json; do sleep .1; done")
    plain_box.run(f"head -c 22 /dev/zero >{HOME}/settings/example.json; head -c 300 /dev/zero >>/opt/bundlekit/history")
    cut_off(desk)
    assert key(desk) == "later"
    status = desk.on_gateway("status").out
    assert "settings were damaged, probably by a power cut, and were restored at" in status
    assert "settings example.json were damaged" in desk.on_gateway("logs").out
    assert "rollback" in desk.on_gateway("history").out
    assert plain_box.run(f"stat -c %a {HOME}/kept {HOME}/snapshots").stdout.split() == ["700", "700"]
    over = desk.deploy(desk.sample("0.0.3"))
    assert "note: settings had been damaged, as a power cut leaves them" in over.err
    assert "deploy 0.0.3" in desk.on_gateway("history").out
    assert "damaged" not in desk.on_gateway("status").out
    assert key(desk) == "later"


def test_last_words_of_a_release_are_there_after_a_power_cut(tmp_path: Path, plain_box: PlainBox) -> None:
    desk = Desk(tmp_path, plain_box)
    assert desk.deploy(desk.sample("0.0.1", before_main=LAST_WORDS)).code == 0
    second = desk.sample("0.0.2")
    cut_off_after_switch(desk, "0.0.2", "deploy", "--bundle", str(second), "--handover")
    assert key(desk) == "last words"
