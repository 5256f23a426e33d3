"""What is shown of a rollout while it goes on, on a terminal, in a pipe and as JSON lines; and its summary."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from bundlekit.cli.rollout_report import RolloutReport, summarize
from bundlekit.errors import GatewayUnreachable, RolledBack
from bundlekit.fleet.scheduler import Scheduler
from bundlekit.fleet.states import State, Work
from bundlekit.fleet.story import Story, story_of
from bundlekit.fleet.watcher import Result
from bundlekit.fleet.waves import Policy, Share

NAMES = ("gw1", "gw2", "gw3", "gw4")
HEAD: dict[str, Any] = {
    "event": "rollout",
    "time": 0,
    "id": "x",
    "bundle": "thermostat",
    "version": "0.2.0",
    "gateways": [{"name": name, "target": name} for name in NAMES],
}
BROKEN = RolledBack("release 0.2.0-1 ended with exit status 1", details=("no sensor",))
OFFLINE = GatewayUnreachable("198.18.64.6 port 22 refuses connections")
RESULTS = (
    ("gw1", Result(State.UP, release="0.2.0-1", seconds=2.0)),
    ("gw2", Result(State.ROLLED_BACK, error=BROKEN, seconds=3.0)),
    ("gw3", Result(State.OFFLINE, error=OFFLINE)),
)


def story(*, ended: bool = True) -> Story:
    """Of the results, as the record tells them."""
    lines = [
        {"event": "state", "time": 1, "gateway": name, "state": result.state.value}
        | ({"error": result.error.fields()} if result.error else {"release": result.release})
        for name, result in RESULTS
        if result.state
    ]
    status = {"event": "status", "time": 2, "status": "paused", "reason": "1 of 2 gateways failed"}
    return story_of([HEAD, *(lines if ended else []), *([status] if ended else [])], "x")


def told(form: str, *, ticks: bool = True) -> RolloutReport:
    """Tell a whole rollout of one wave."""
    report = RolloutReport(story(ended=False), Path("x.jsonl"), named="x", form=form)
    scheduler = Scheduler(NAMES, Policy(jobs=3, max_failed=Share(0)))
    report.begin()
    for task in scheduler.decide(0.0):
        report.began(task.gateway, task.work, task.wave)
        report.phase(task.gateway, "thermostat", "unpack", "")
    for name, result in RESULTS:
        scheduler.ended(name, Work.DEPLOY, result.state, 1.0)
        report.ended(name, Work.DEPLOY, result)
        report._drawn_at = -1.0  # it is time for another picture
        if ticks:
            report.tick(scheduler, "")
    report.end(story(), "paused")
    return report


def test_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    told("text")
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "rollout x: thermostat 0.2.0 to 4 gateways",
        "wave 1",
        "gw1  up, release 0.2.0-1  2.0 s",
        "gw2  rolled back: release 0.2.0-1 ended with exit status 1  3.0 s",
        "note: stopping: 1 of 2 gateways failed, and at most 0 may fail",
        "gw3  offline: 198.18.64.6 port 22 refuses connections  0.0 s",
    ]
    assert printed.out.splitlines() == [
        "up               1  gw1",
        "not begun        1  gw4",
        "offline          1  gw3",
        "rolled back      1  gw2",
        "",
        "gw2: release 0.2.0-1 ended with exit status 1",
        "    | no sensor",
        "",
        "x: paused, 1 of 2 gateways failed: 1 up, 1 not begun, 1 offline, 1 rolled back",
        "`bundlekit rollout resume x` continues; `rollout retry` also tries the failed gateways again",
    ]


def test_terminal_gets_a_bar_counts_and_the_last_events(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    told("text")
    # Each picture but the first begins with the way back to the top of the one before.
    pictures = [click.unstyle(each) for each in re.split(r"\x1b\[\d+F\x1b\[J", capsys.readouterr().err)]
    head, *first = pictures[0].splitlines()
    assert head == "rollout x: thermostat 0.2.0 to 4 gateways"
    assert first == [
        "wave 1  [########................] 1/3",
        "1 up, 2 in progress, 1 to come, about 1 min left",
        "  gw1  up, release 0.2.0-1  2.0 s",
    ]
    assert pictures[-2].splitlines() == [
        "wave 1  [################........] 2/3",
        "1 up, 1 rolled back, 1 offline, 1 to come, about 1 min left",
        "stopping: 1 of 2 gateways failed, and at most 0 may fail",
        "  gw1  up, release 0.2.0-1  2.0 s",
        "  gw2  rolled back: release 0.2.0-1 ended with exit status 1  3.0 s",
        "  gw3  offline: 198.18.64.6 port 22 refuses connections  0.0 s",
    ]
    assert pictures[-1] == ""


def test_programs_get_an_event_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    told("json")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in events] == [
        *("begin", "wave", *("gateway", "phase") * 3),
        *("state", "state", "note", "state", "end"),
    ]
    begin, phase, end = events[0], events[3], events[-1]
    assert begin["bundles"] == [{"bundle": "thermostat", "version": "0.2.0"}]
    assert (phase["gateway"], phase["bundle"], phase["phase"]) == ("gw1", "thermostat", "unpack")
    states = {
        one["gateway"]: (one["state"], one["error"] and one["error"]["what"]) for one in events[-5:-1] if "state" in one
    }
    assert states == {
        name: (result.state.value, result.error and result.error.message) for name, result in RESULTS if result.state
    }
    assert (end["status"], end["counts"]["up"], end["counts"]["offline"]) == ("paused", 1, 1)
    assert [one["gateway"] for one in end["gateways"]] == list(NAMES)


def test_page_of_a_ci_server_gets_a_summary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    summarize(story(), "paused")
    lines = (tmp_path / "page.md").read_text().replace("\\", "").splitlines()
    assert lines[:3] == [
        "### ❌ Rollout of thermostat 0.2.0",
        "- 1 up, 1 not begun, 1 offline, 1 rolled back",
        "- paused: 1 of 2 gateways failed",
    ]
    assert "up               1  gw1" in lines
