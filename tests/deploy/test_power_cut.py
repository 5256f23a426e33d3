"""The power goes in the worst moment: what a user has set is there again after the boot."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.box import PlainBox
from tests.deploy.test_hand_over import LAST_WORDS
from tests.link import Relay
from tests.workstation import Workstation

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


def cut_off_after_switch(workstation: Workstation, version: str, *change: str) -> None:
    """Make a change whose power is cut right after the switch to that version, and boot."""
    box = workstation.machine
    box.run("cat >/usr/local/bin/sync; chmod 755 /usr/local/bin/sync", given=HOLDS)
    box.run(f"echo {version} >/run/hold")
    client = workstation.start(change[0], "gateway", "--password-stdin", *change[1:])
    box.run("until [ -e /run/held ]; do sleep .05; done")
    cut_off(workstation)
    client.kill()
    client.communicate()


def cut_off(workstation: Workstation) -> None:
    workstation.machine.power_cut()
    workstation.machine.boot()


def key(workstation: Workstation) -> str:
    """What the bundle answers, once it has registered: a request that comes too early waits for a minute."""
    deadline = time.monotonic() + 60
    while not (workstation.status()["bundles"][0]["running"] or {}).get("registered"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return str(workstation.machine.api("GET", "/example")[1]["key"])


def test_settings_are_there_after_power_cuts(tmp_path: Path, plain_box: PlainBox) -> None:
    workstation = Workstation(tmp_path, plain_box)
    for version in ("0.0.1", "0.0.2"):
        assert workstation.deploy(workstation.sample(version)).code == 0
        assert plain_box.api("PUT", "/example", {"key": f"of {version}"})[0] == 200
    cut_off_after_switch(workstation, "0.0.1", "rollback", "--settings")
    assert key(workstation) == "of 0.0.1", "the release and its settings are of one age"
    plain_box.run(f"while [ -e {HOME}/journal ]; do sleep .1; done; rm /usr/local/bin/sync")

    # As the SDK leaves them that is cut off while it saves, and a history to which something was added.
    assert plain_box.api("PUT", "/example", {"key": "later"})[0] == 200
    plain_box.run(f"until grep -q later {HOME}/kept/example.json; do sleep .1; done")
    plain_box.run(f"head -c 22 /dev/zero >{HOME}/settings/example.json; head -c 300 /dev/zero >>/opt/bundlekit/history")
    cut_off(workstation)
    assert key(workstation) == "later"
    status = workstation.on_gateway("status").out
    assert "settings were damaged, probably by a power cut, and were restored at" in status
    assert "settings example.json were damaged" in workstation.on_gateway("logs").out
    assert "rollback" in workstation.on_gateway("history").out
    assert plain_box.run(f"stat -c %a {HOME}/kept {HOME}/snapshots").stdout.split() == ["700", "700"]
    over = workstation.deploy(workstation.sample("0.0.3"))
    assert "note: settings had been damaged, as a power cut leaves them" in over.err
    assert "deploy 0.0.3" in workstation.on_gateway("history").out
    assert "damaged" not in workstation.on_gateway("status").out
    assert key(workstation) == "later"


def test_last_words_of_a_release_are_there_after_a_power_cut(tmp_path: Path, plain_box: PlainBox) -> None:
    workstation = Workstation(tmp_path, plain_box)
    assert workstation.deploy(workstation.sample("0.0.1", before_main=LAST_WORDS)).code == 0
    second = workstation.sample("0.0.2")
    cut_off_after_switch(workstation, "0.0.2", "deploy", "--bundle", str(second), "--handover")
    assert key(workstation) == "last words"


# As the SDK, it cuts its file to nothing before it writes it anew; and in between it waits.
WAITS_IN_SAVE = """
def _wait_in_save(self, save=ModelInitiator.save_db):
    import time
    if os.path.exists("/run/wait"):
        open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data/example.json"), "w").close()
        open("/run/waits", "w").close()
        while os.path.exists("/run/wait"):
            time.sleep(.1)
    return save(self)
ModelInitiator.save_db = _wait_in_save
"""


def test_cut_in_the_put_of_a_confirmation_loses_nothing(tmp_path: Path, plain_box: PlainBox) -> None:
    workstation, box = Workstation(tmp_path, plain_box), plain_box
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    assert box.api("PUT", "/example", {"key": "mine"})[0] == 200

    def deploy(version: str, *options: str, power: bool) -> tuple[int, str]:
        bundle = workstation.sample(version, before_main=WAITS_IN_SAVE)
        (bundle / "bundlekit.toml").write_text("[deploy]\nverify-write = true\n")
        box.run(": >/run/wait")
        with Relay((box.address, box.port), cuts=1) as relay:
            workstation.go_through(relay.port)
            client = workstation.begin("deploy", "--bundle", str(bundle), *options)
            box.run("until [ -e /run/waits ]; do sleep .1; done; rm /run/waits; sync")
            if power:
                box.power_cut()
            relay.cut()
            if power:
                box.boot()
            box.run("rm -f /run/wait")
            out, err = client.communicate(timeout=120)
        workstation.write_config(f"IdentityFile {box.client_key}")
        assert "connecting again to hear how it ends" in err
        return client.returncode, out + err

    code, told = deploy("0.0.2", power=False)
    assert (code, "example 0.0.2 runs on" in told) == (0, True), told
    assert key(workstation) == "mine"

    code, told = deploy("0.0.3", power=True)
    assert (code, "example 0.0.3 runs on" in told) == (0, True), told
    assert key(workstation) == "mine"
    assert "settings example.json were damaged" in workstation.on_gateway("logs", "--lines", "100").out

    code, told = deploy("0.0.4", "--handover", power=True)
    assert (code, "kept: release 0.0.3-" in told) == (1, True), told
    assert key(workstation) == "mine"
