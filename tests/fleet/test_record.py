from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import paramiko
import pytest

from bundlekit.cli.threads import in_threads
from bundlekit.errors import BundlekitError, CouldNotRun, GatewayBusy, Unreadable
from bundlekit.fleet.record import Record, add_to_shared, archive_place, ask, keep_archive
from bundlekit.fleet.report import exit_code, groups_of, junit, lines_of
from bundlekit.fleet.states import State
from bundlekit.fleet.story import merged, read_record
from bundlekit.pack.archive import pack
from bundlekit.pack.ignore import open_folder
from bundlekit.pack.reading import read_archive
from bundlekit.pack.signature import sign
from tests.pack.folders import make_folder
from tests.pack.keys import make_key

HEAD: dict[str, Any] = {
    "id": "20261130-120000-abcd",
    "bundle": "thermostat",
    "version": "0.2.0",
    "digest": "d",
    "gateways": [{"name": name, "target": f"moxa@{name}"} for name in ("gw1", "gw2", "gw3")],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "rollouts/one.jsonl"
    with Record(place, head=HEAD):
        pass
    return place


def test_record_tells_what_was_noted(path: Path) -> None:
    with Record(path) as record:
        record.add("begin", gateway="gw1", wave=1)
        record.add("order", gateway="gw1", release="0.2.0-1", replaced="0.1.0-1", who="me@here", last={"time": 1})
        assert record.known("gw1").in_doubt
        record.add("state", gateway="gw1", state="up", starts=1)
        record.add("begin", gateway="gw2", wave=1)
        in_memory = record.story
    told = read_record(path)
    first, second, third = told.gateways
    assert (first.state, first.ordered, first.in_doubt, first.release) == (State.UP, True, False, "0.2.0-1")
    assert (second.state, second.in_doubt, second.ordered) == (State.PENDING, True, False)
    assert third.state is State.PENDING
    assert [known.state for known in in_memory.gateways] == [known.state for known in told.gateways]


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_torn_last_line_is_no_problem(path: Path, cut: int) -> None:
    with Record(path) as record:
        record.add("begin", gateway="gw1", wave=1)
        record.add("state", gateway="gw1", state="up")
    os.truncate(path, path.stat().st_size - cut)
    assert read_record(path).gateways[0].in_doubt
    with Record(path) as record:
        record.add("state", gateway="gw1", state="unchanged")
    assert read_record(path).gateways[0].state is State.UNCHANGED
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_line_of_zeros_is_no_problem(path: Path) -> None:
    with path.open("ab") as stream:  # as a file system leaves it that has lost its power
        stream.write(bytes(300) + b"\n")
    with Record(path) as record:
        record.add("begin", gateway="gw1", wave=1)
    assert read_record(path).gateways[0].in_doubt


def test_second_controller_is_refused(path: Path) -> None:
    with Record(path), pytest.raises(GatewayBusy):
        Record(path)
    with Record(path):
        pass


def test_record_is_not_overwritten(path: Path) -> None:
    with pytest.raises(CouldNotRun):
        Record(path, head=HEAD)
    assert len(read_record(path).gateways) == 3


def test_only_a_controller_at_work_is_asked(path: Path) -> None:
    assert not ask(path, "pause")
    with Record(path) as record:
        assert record.request() == ""
        assert ask(path, "pause")
        assert record.request() == "pause"
        assert record.request() == ""


@pytest.mark.parametrize("content", [b"", b"x", b"{}\n", b'{"event": "begin"}\n', b"\0" * 100, b"[1]\n"])
def test_what_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "none.jsonl"
    place.write_bytes(content)
    with pytest.raises(Unreadable):
        read_record(place)
    with pytest.raises(BundlekitError):
        Record(place)


def test_record_of_a_newer_bundlekit_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "new.jsonl"
    place.write_text(json.dumps({"event": "rollout", "time": 1, "format": 99, **HEAD}) + "\n")
    with pytest.raises(Unreadable, match="newer"):
        read_record(place)


def test_records_merge_by_the_last_word(tmp_path: Path) -> None:
    stories = []
    for number, state in enumerate(("rolled-back", "up")):
        place = tmp_path / f"{number}.jsonl"
        with Record(place, head=HEAD) as record:
            record.add("state", gateway="gw1", state=state)
            if number == 0:
                record.add("state", gateway="gw2", state="up")
        stories.append(read_record(place))
    assert [known.state for known in merged(stories)] == [State.UP, State.UP, State.PENDING]
    assert [known.state for known in merged(stories[::-1])] == [State.UP, State.UP, State.PENDING]


def test_archive_is_kept_beside_the_record(path: Path) -> None:
    keep_archive(path, "abc", b"data")
    assert (path.parent / "one.jsonl.d/abc.tar.gz").read_bytes() == b"data"


def test_signature_is_kept_beside_the_archive(path: Path, tmp_path: Path) -> None:
    """So whoever goes on elsewhere sends it as well."""
    make_key(tmp_path / "key")
    data = pack(open_folder(make_folder(tmp_path / "bundle"))).data
    signatures = sign(data, b"f 00 index.py\n", paramiko.PKey.from_path(tmp_path / "key"))
    keep_archive(path, "abc", data, signatures)
    assert read_archive(archive_place(path, "abc")).signatures == signatures


def test_failures_are_grouped_by_message(path: Path) -> None:
    with Record(path) as record:
        for name in ("gw1", "gw2"):
            error = {"what": "it ended", "hint": "look", "details": [f"log of {name}", "\x1b[2J"]}
            record.add("state", gateway=name, state="rolled-back", error=error)
        known = record.story.gateways
    (group,) = groups_of(known)
    assert group.names == ("gw1", "gw2")
    text = "\n".join(lines_of(known))
    assert "gw[1-2]: it ended" in text
    assert "log of gw1" in text
    assert "log of gw2" not in text
    assert "\x1b" not in text
    assert "\x1b" not in junit("x", known)


def test_exit_code_tells_offline_from_failed(path: Path) -> None:
    def code(*states: str, is_done: bool = True) -> int:
        with Record(path) as record:
            for name, state in zip(("gw1", "gw2", "gw3"), states, strict=True):
                record.add("state", gateway=name, state=state)
            return exit_code(record.story.gateways, is_done=is_done)

    assert code("up", "unchanged", "up") == 0
    assert code("up", "offline", "up") == 6
    assert code("up", "handed-over", "up") == 6
    assert code("up", "offline", "rolled-back") == 1
    assert code("up", "refused", "needs-human") == 4
    assert code("up", "pending", "up", is_done=False) == 1


def test_record_of_many_processes_is_whole(tmp_path: Path) -> None:
    """As those of Ansible, which all begin with a file that is not there."""
    path = tmp_path / "records/one.jsonl"
    head = {name: HEAD[name] for name in ("bundle", "version", "digest")}

    def note(number: int) -> None:
        about = {"gateway": f"gw{number}", "target": f"moxa@gw{number}"}
        add_to_shared(path, head, [("begin", {**about, "wave": 0})])
        add_to_shared(path, head, [("state", {**about, "state": "up", "release": "0.2.0-1"})])

    list(in_threads(20, range(40), note))
    with path.open("ab") as stream:
        stream.write(b'{"event": "state", "gateway": "gw3", "sta')  # the power failed
    note(40)
    story = read_record(path)
    assert {known.name: (known.target, known.state) for known in story.gateways} == {
        f"gw{number}": (f"moxa@gw{number}", State.UP) for number in range(41)
    }
    assert len(path.read_text().splitlines()) == 83
    assert (story.status, exit_code(story.gateways, is_done=True)) == ("by Ansible", 0)
    with pytest.raises(CouldNotRun, match=r"is the record of thermostat 0.2.0"):
        add_to_shared(path, {**head, "digest": "another"}, [])
    with pytest.raises(CouldNotRun, match="Ansible has written the record"):
        Record(path)
    path.write_text("else\n")
    with pytest.raises(Unreadable, match="is not a record"):
        add_to_shared(path, head, [])
