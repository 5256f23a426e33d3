"""The new release is started beside the old one, which goes when the new one has come up."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.remote.asking import asking
from tests.workstation import Workstation

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


def running(workstation: Workstation) -> dict[str, object]:
    found: dict[str, object] = workstation.status()["bundles"][0]["running"]
    return found


def copies(workstation: Workstation) -> str:
    return workstation.machine.run("pgrep -fc '[i]ndex.py' || true").stdout.strip()


def is_clean(workstation: Workstation) -> bool:
    left = workstation.machine.run(
        "cd /opt/bundlekit/bundles/example; ls -d beside order journal 2>/dev/null || true"
    ).stdout
    links = workstation.machine.run("readlink /opt/bundlekit/bundles/example/releases/*/data/*.json").stdout
    return left == "" and "beside" not in links


def settings(workstation: Workstation) -> object:
    return json.loads(workstation.machine.run("cat /opt/bundlekit/bundles/example/settings/example.json").stdout)


def test_new_release_answers_before_the_old_one_goes_and_one_that_fails_touches_nothing(
    workstation: Workstation,
) -> None:
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    over = workstation.deploy(workstation.sample("0.0.2", before_main=WRITES_AT_ITS_START), "--handover")
    assert over.code == 0, over.err
    words = [line.split()[1] for line in over.err.splitlines()]
    assert words.index("start") < words.index("/example") < words.index("stop"), over.err
    assert workstation.machine.api("GET", "/example") == (200, {"key": "moved on"})
    assert settings(workstation) == {"key": "moved on"}
    assert workstation.machine.api("PUT", "/example", {"key": "later"})[0] == 200
    assert settings(workstation) == {"key": "later"}, "its settings are where they belong"
    assert (copies(workstation), is_clean(workstation)) == ("1", True)
    assert "Register successfully" in workstation.on_gateway("logs").out

    before = running(workstation)
    spoils = WRITES_AT_ITS_START.replace("mine", "later") + "\nraise RuntimeError('no sensor')"
    with asking(workstation.machine, "/example") as asked:
        failed = workstation.deploy(workstation.sample("0.0.3", before_main=spoils), "--handover")
    assert failed.code == 1
    assert asked.statuses == {200}
    assert "  | RuntimeError: no sensor" in failed.err
    assert "runs on; it was not stopped for a moment" in failed.err
    assert (running(workstation), settings(workstation)) == (before, {"key": "later"})
    assert (copies(workstation), is_clean(workstation)) == ("1", True)
    releases = {release["version"]: release["state"] for release in workstation.status()["bundles"][0]["releases"]}
    assert releases == {"0.0.1": "good", "0.0.2": "good", "0.0.3": "failed"}
    back = workstation.on_gateway("rollback", "--handover")
    assert back.code == 0, back.err
    assert settings(workstation) == {"key": "later"}


def test_what_the_old_release_writes_meanwhile_is_what_the_new_one_knows(workstation: Workstation) -> None:
    assert workstation.deploy(workstation.sample("0.0.1", before_main=LAST_WORDS)).code == 0
    over = workstation.deploy(workstation.sample("0.0.2"), "--handover")
    assert over.code == 0, over.err
    assert "note: the release before has written its settings meanwhile" in over.err
    assert settings(workstation) == {"key": "last words"}
    assert workstation.machine.api("GET", "/example") == (200, {"key": "last words"})
    assert (copies(workstation), is_clean(workstation)) == ("1", True)


def begun(workstation: Workstation, bundle: Path) -> subprocess.Popen[str]:
    """A hand-over that has just started the new release beside the one that runs."""
    client = workstation.start("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--handover")
    assert client.stderr is not None
    while "beside what runs" not in (line := client.stderr.readline()):
        assert line
    return client


def test_hand_over_that_is_broken_off_leaves_the_old_release(workstation: Workstation) -> None:
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    workstation.machine.api("PUT", "/example", {"key": "mine"})
    before = running(workstation)
    client = begun(workstation, workstation.sample("0.0.2", before_main="import time; time.sleep(1000)"))
    workstation.machine.run("until [ -s /opt/bundlekit/bundles/example/beside/running ]; do sleep .1; done")
    workstation.machine.run("kill -9 $(pgrep -f '[g]ateway.sh worker')")
    client.communicate()
    assert client.returncode == 1
    assert running(workstation) == before
    assert (copies(workstation), is_clean(workstation)) == ("1", True)

    client = begun(
        workstation, workstation.sample("0.0.3", before_main=WRITES_AT_ITS_START + "import time; time.sleep(1000)")
    )
    workstation.machine.run("until [ -s /opt/bundlekit/bundles/example/beside/running ]; do sleep .1; done")
    workstation.machine.power_cut()
    client.kill()
    client.communicate()
    workstation.machine.boot()
    deadline = time.monotonic() + 60
    while not (workstation.status()["bundles"][0]["running"] or {}).get("registered"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    workstation.machine.run("while [ -e /opt/bundlekit/bundles/example/journal ]; do sleep .1; done")
    assert str(running(workstation)["release"]).startswith("0.0.1-")
    assert workstation.machine.api("GET", "/example") == (200, {"key": "mine"})
    assert (copies(workstation), is_clean(workstation)) == ("1", True)
