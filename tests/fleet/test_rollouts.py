"""What the command line makes of the options of a rollout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundlekit.cli.fleet_access import FleetAccess
from bundlekit.cli.rollout_options import RolloutOptions, policy_of
from bundlekit.cli.rollouts import find_record, folder_of_records, head_of
from bundlekit.errors import BadUsage
from bundlekit.fleet.waves import Offline, Share
from bundlekit.pack.archive import Archive


def test_options_are_a_policy() -> None:
    said = {
        "waves": "1,50%",
        "soak": "10m",
        "max_failed": "5%",
        "min_tried": "20",
        "offline": "wait=7d",
        "shuffle": "7",
    }
    policy = policy_of(said, jobs=5)
    assert policy.waves == (Share(1), Share(50, is_percent=True))
    assert (policy.soak, policy.max_failed, policy.min_tried) == (600, Share(5, is_percent=True), 20)
    assert (policy.offline, policy.seed, policy.jobs) == (Offline("wait", 604_800), 7, 5)


@pytest.mark.parametrize(
    "said", [{"waves": "x"}, {"min_tried": "x"}, {"shuffle": "1.5"}, {"on_abort": "explode"}, {"window": "9"}]
)
def test_options_that_make_no_sense_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(BadUsage):
        policy_of(said)


def test_record_has_no_password(tmp_path: Path) -> None:
    inventory = tmp_path / "gateways.ini"
    inventory.write_text("gw1 target=moxa@10.0.0.1\n")
    access = FleetAccess((), inventory)
    gateway = access.meant.gateways[0]
    object.__setattr__(gateway, "password", "open sesame")
    archive = Archive("thermostat", "0.2.0", "d", "tar:d", b"", (), ())
    head = head_of(access, archive, RolloutOptions({"waves": "1"}), {"wait": 60})
    assert head["gateways"][0]["target"] == "moxa@10.0.0.1"
    assert "sesame" not in json.dumps(head)


def test_rollout_is_found_by_the_begin_of_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(BadUsage, match="no rollout yet"):
        find_record(None)
    folder = folder_of_records()
    folder.mkdir(parents=True)
    for id in ("20261130-1-aaaa", "20261130-2-bbbb"):
        (folder / f"{id}.jsonl").touch()
    assert find_record(None).stem == "20261130-2-bbbb"
    assert find_record("20261130-1").stem == "20261130-1-aaaa"
    assert find_record("./elsewhere.jsonl") == Path("elsewhere.jsonl")
    for named in ("20261130", "2025"):
        with pytest.raises(BadUsage):
            find_record(named)
