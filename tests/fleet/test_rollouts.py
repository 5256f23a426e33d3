"""What the command line makes of the options of a rollout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.cli import main
from bundlekit.cli.fleet_access import FleetAccess
from bundlekit.cli.rollout_options import RolloutOptions, policy_of
from bundlekit.cli.rollout_records import find_record, folder_of_records
from bundlekit.cli.rollouts import head_of
from bundlekit.errors import BadUsage
from bundlekit.fleet.record import Record, keep_archive
from bundlekit.fleet.waves import Offline, Share
from bundlekit.pack.archive import Archive, pack
from tests.workstation import SAMPLE


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
    head = head_of(access, [(archive, False)], RolloutOptions({"waves": "1"}), {"wait": 60})
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
    (folder / "last").write_text("20261130-1-aaaa.jsonl")  # the clock was set back in between
    assert find_record(None).stem == "20261130-1-aaaa"
    for name in ("20261130-3-gone.jsonl", "../../etc/passwd", "", "\0"):
        (folder / "last").write_text(name)
        assert find_record(None).stem == "20261130-2-bbbb"
    assert find_record("20261130-1").stem == "20261130-1-aaaa"
    assert find_record("./elsewhere.jsonl") == Path("elsewhere.jsonl")
    for named in ("20261130", "2025"):
        with pytest.raises(BadUsage):
            find_record(named)


def test_only_gateways_with_work_left_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ssh is asked about no other: a rollout to hundreds goes on at once."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    asked = tmp_path / "asked"
    program = tmp_path / "bin/ssh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nfor host; do :; done\necho "$host" >>{asked}\necho "hostname 127.0.0.1"\necho "port 1"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    archive = pack(Bundle.in_folder(SAMPLE))
    states = {"done": "up", "same": "unchanged", "bad": "rolled-back", "away": "offline"}
    head = {
        "id": "20261130-9-dddd",
        "bundle": archive.name,
        "version": archive.version,
        "digest": archive.digest,
        "policy": {"max_failed": "1"},
        "how": {
            "wait": 60,
            "wait_lock": 0,
            "keep": 3,
            "verify": True,
            "hand_over": False,
            "force": False,
            "write": False,
        },
        "gateways": [{"name": name, "target": f"moxa@{name}"} for name in states],
    }
    path = folder_of_records() / "20261130-9-dddd.jsonl"
    keep_archive(path, archive.digest, archive.data)
    with Record(path, head=head) as record:
        record.add_all([("state", {"gateway": name, "state": state}) for name, state in states.items()])
    (path.parent / "20261130-9-eeee.jsonl").touch()
    assert main(["rollout", "resume", "20261130-9-d"]) == 1
    assert set(asked.read_text().split()) == {"away"}
    assert find_record(None) == path
