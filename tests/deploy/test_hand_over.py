"""The new release is started beside the old one, which goes when the new one has come up."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.remote.asking import asking

pytestmark = pytest.mark.gateway

LAST_WORDS = """
def before_stop(self):
    self.model.db = {"key": "last words"}
    self.model.save_db()
Example.before_stop = before_stop
"""
WRITES_AT_ITS_START = """
place = os.path.dirname(os.path.abspath(__file__)) + "/data/example.json"
with open(place) as stream:
    content = stream.read()
with open(place, "w") as stream:
    stream.write(content.replace("mine", "moved on"))
"""


def running(desk: Desk) -> dict[str, object]:
    found: dict[str, object] = desk.status()["bundles"][0]["running"]
    return found


def copies(desk: Desk) -> str:
    return desk.machine.run("pgrep -fc '[i]ndex.py' || true").stdout.strip()


def is_clean(desk: Desk) -> bool:
    left = desk.machine.run("cd /opt/bundlekit/bundles/example; ls -d beside order journal 2>/dev/null || true").stdout
    links = desk.machine.run("readlink /opt/bundlekit/bundles/example/releases/*/data/*.json").stdout
    return left == "" and "beside" not in links


def settings(desk: Desk) -> object:
    return json.loads(desk.machine.run("cat /opt/bundlekit/bundles/example/settings/example.json").stdout)


def test_new_release_answers_before_the_old_one_goes_and_one_that_fails_touches_nothing(desk: Desk) -> None:
    assert desk.deploy(desk.sample("0.0.1")).code == 0
    desk.machine.api("PUT", "/example", {"key": "mine"})
    over = desk.deploy(desk.sample("0.0.2", before_main=WRITES_AT_ITS_START), "--handover")
    assert over.code == 0, over.err
    words = [line.split()[1] for line in over.err.splitlines()]
    assert words.index("start") < words.index("/example") < words.index("stop"), over.err
    assert desk.machine.api("GET", "/example") == (200, {"key": "moved on"})
    assert settings(desk) == {"key": "moved on"}
    assert desk.machine.api("PUT", "/example", {"key": "later"})[0] == 200
    assert settings(desk) == {"key": "later"}, "its settings are where they belong"
    assert (copies(desk), is_clean(desk)) == ("1", True)
    assert "Register successfully" in desk.on_gateway("logs").out

    before = running(desk)
    spoils = WRITES_AT_ITS_START.replace("mine", "later") + "\nraise RuntimeError('no sensor')"
    with asking(desk.machine, "/example") as asked:
        failed = desk.deploy(desk.sample("0.0.3", before_main=spoils), "--handover")
    assert failed.code == 1
    assert asked.statuses == {200}
    assert "  | RuntimeError: no sensor" in failed.err
    assert "runs on; it was not stopped for a moment" in failed.err
    assert (running(desk), settings(desk)) == (before, {"key": "later"})
    assert (copies(desk), is_clean(desk)) == ("1", True)
    releases = {release["version"]: release["state"] for release in desk.status()["bundles"][0]["releases"]}
    assert releases == {"0.0.1": "good", "0.0.2": "good", "0.0.3": "failed"}
    back = desk.on_gateway("rollback", "--handover")
    assert back.code == 0, back.err
    assert settings(desk) == {"key": "later"}


def test_what_the_old_release_writes_meanwhile_is_what_the_new_one_knows(desk: Desk) -> None:
    assert desk.deploy(desk.sample("0.0.1", before_main=LAST_WORDS)).code == 0
    over = desk.deploy(desk.sample("0.0.2"), "--handover")
    assert over.code == 0, over.err
    assert "note: the release before has written its settings meanwhile" in over.err
    assert settings(desk) == {"key": "last words"}
    assert desk.machine.api("GET", "/example") == (200, {"key": "last words"})
    assert (copies(desk), is_clean(desk)) == ("1", True)


def begun(desk: Desk, bundle: Path) -> subprocess.Popen[str]:
    """A hand-over that has just started the new release beside the one that runs."""
    client = desk.start("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--handover")
    assert client.stderr is not None
    while "beside what runs" not in (line := client.stderr.readline()):
        assert line
    return client


def test_hand_over_that_is_broken_off_leaves_the_old_release(desk: Desk) -> None:
    assert desk.deploy(desk.sample("0.0.1")).code == 0
    desk.machine.api("PUT", "/example", {"key": "mine"})
    before = running(desk)
    client = begun(desk, desk.sample("0.0.2", before_main="import time; time.sleep(1000)"))
    desk.machine.run("until [ -s /opt/bundlekit/bundles/example/beside/running ]; do sleep .1; done")
    desk.machine.run("kill -9 $(pgrep -f '[g]ateway.sh apart')")
    client.communicate()
    assert client.returncode == 1
    assert running(desk) == before
    assert (copies(desk), is_clean(desk)) == ("1", True)

    client = begun(desk, desk.sample("0.0.3", before_main=WRITES_AT_ITS_START + "import time; time.sleep(1000)"))
    desk.machine.run("until [ -s /opt/bundlekit/bundles/example/beside/running ]; do sleep .1; done")
    desk.machine.power_cut()
    client.kill()
    client.communicate()
    desk.machine.boot()
    deadline = time.monotonic() + 60
    while not (desk.status()["bundles"][0]["running"] or {}).get("registered"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    desk.machine.run("while [ -e /opt/bundlekit/bundles/example/journal ]; do sleep .1; done")
    assert str(running(desk)["release"]).startswith("0.0.1-")
    assert desk.machine.api("GET", "/example") == (200, {"key": "mine"})
    assert (copies(desk), is_clean(desk)) == ("1", True)
