"""A release that is not fit is found out on the gateway: before anything is stopped, or when it does not answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.remote.asking import asking
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

RETURNS = "return response(code=200, data=self.model.db)"


def edit(bundle: Path, name: str, old: str, new: str) -> Path:
    source = bundle / name
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new, 1))
    return bundle


def with_helper(workstation: Workstation, version: str, helper: str) -> Path:
    bundle = edit(workstation.sample(version), "index.py", "import os\n", "import os\nimport helper\n")
    (bundle / "helper.py").write_text(helper)
    return bundle


def test_release_that_cannot_start_is_refused_without_a_moment_of_downtime(workstation: Workstation) -> None:
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    before = workstation.status()["bundles"][0]["running"]
    broken = with_helper(workstation, "0.0.2", "import nowhere\n")
    (broken / "requirements.txt").write_text("nowhere==1.2\n")
    stops = edit(with_helper(workstation, "0.0.3", "x = 1\n"), "helper.py", "x = 1", "x = 1\nNone = 1\n")
    archive = workstation.home / "stops.tar.gz"
    with asking(workstation.machine, "/example") as asked:
        missing = workstation.deploy(broken)
        syntax = workstation.deploy(packed(stops, archive))
    assert asked.statuses == {200}
    assert (missing.code, syntax.code) == (1, 1)
    assert "error: the gateway does not have what it imports: helper.py:1: No module named nowhere" in missing.err
    assert "requirements.txt asks for nowhere==1.2" in missing.err
    assert "error: the gateway's Python does not take it: helper.py:2: cannot assign to None" in syntax.err
    assert "kept: nothing was stopped or changed" in syntax.err
    assert workstation.status()["bundles"][0]["running"] == before
    old_words = with_helper(workstation, "0.0.4", 'try:\n    print "two"\nexcept ValueError, error:\n    raise\n')
    assert workstation.deploy(old_words).code == 0, "syntax of Python 2 alone is right on a gateway"


def packed(bundle: Path, archive: Path) -> Path:
    """An archive that nobody has validated."""
    subprocess.run(["tar", "-czf", archive, "-C", bundle, "."], check=True)
    return archive


def test_release_that_registers_and_does_not_answer_is_taken_back_and_says_what_it_answered(
    workstation: Workstation,
) -> None:
    assert workstation.deploy(workstation.sample("0.0.1")).code == 0
    fails = edit(workstation.sample("0.0.2"), "index.py", RETURNS, "raise ValueError('no sensor')")
    failed = workstation.deploy(fails)
    assert failed.code == 1
    assert "  GET /example answers 500 (" in failed.err
    assert "does not answer as it declares: GET /example answers 500: Internal Error." in failed.err
    assert "  | ValueError: no sensor" in failed.err, "the end of its log"
    assert "kept: release 0.0.1-" in failed.err
    assert "hint: `bundlekit logs " in failed.err
    assert "TARGET" not in failed.err, "what it says to type can be typed"
    assert workstation.machine.api("GET", "/example") == (200, {"key": "value"})
    assert "does not answer as it declares: GET /example answers 500" in workstation.on_gateway("status").out
    knowing = workstation.deploy(fails, "--no-verify")
    assert knowing.code == 0, knowing.err
    assert "GET" not in knowing.err
    assert workstation.on_gateway("restart").code == 0, "it runs no worse than before"


SLIP = "self.model.db = {}\n        self.model.save_db()\n        self.model.db.update(message.dta)"


def test_put_that_fails_takes_a_release_back_where_the_settings_ask_for_it(shared_workstation: Workstation) -> None:
    workstation, machine = shared_workstation, shared_workstation.machine
    good = workstation.sample("0.0.1", name="writes")
    (good / "bundlekit.toml").write_text("[deploy]\nverify-write = true\n")
    first = workstation.deploy(good)
    assert first.code == 0, first.err
    assert "  PUT /writes answers 200 (" in first.err
    assert machine.api("PUT", "/writes", {"key": "mine"})[0] == 200
    (good / "index.py").write_text((good / "index.py").read_text() + "# another content\n")
    second = workstation.deploy(good, "--handover")
    assert second.code == 0, second.err
    assert "  PUT /writes answers 200 (" in second.err
    assert "note" not in second.err.replace("note: another content under the same version", "")

    slips = edit(workstation.sample("0.0.2", name="writes"), "index.py", "self.model.db = message.data", SLIP)
    archive = packed(slips, workstation.home / "slips.tar.gz")
    settings = workstation.home / "bundlekit.toml"
    settings.write_text("[deploy]\nverify-write = true\n")
    planned = workstation.deploy(archive, "--dry-run")
    assert "its GETs answer, also after a PUT of what they gave" in planned.out + planned.err
    for how in ([], ["--handover"]):
        failed = workstation.deploy(archive, *how)
        assert failed.code == 1
        assert "does not answer as it declares: PUT /writes of what GET gave answers 500: Internal Error." in failed.err
        assert machine.api("GET", "/writes") == (200, {"key": "mine"})
        kept = machine.run("cat /opt/bundlekit/bundles/writes/settings/writes.json").stdout
        assert json.loads(kept) == {"key": "mine"}
    assert "PUT" not in workstation.deploy(archive, "--dry-run", "--no-verify").out
    settings.unlink()
    passed = workstation.deploy(archive)
    assert passed.code == 0, passed.err
    assert "PUT" not in passed.err
    assert workstation.on_gateway("remove", "--bundle", "writes", "--purge", "--yes").code == 0
