"""Several bundles in one deploy; and what is said of those of them that do not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bundlekit.cli import main
from tests.workstation import SAMPLE, Workstation


def folder_of(place: Path, *names: str) -> Path:
    for name in names:
        shutil.copytree(SAMPLE, place / name)
    return place


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--bundle", "{}"], 2, "is a folder of bundles, and no bundle itself: {}/one, {}/two"),
        (["--bundle", "{}", "--all"], 2, "two of the bundles are called example"),
        (["-b", "{}/one", "-b", "{}/two"], 2, "two of the bundles are called example"),
        (["--bundle", "{}/empty", "--all"], 3, "there is no bundle in {}/empty"),
        (["--bundle", "{}/empty"], 3, "there is no bundle in {}/empty"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anybody_connects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    place = folder_of(tmp_path / "bundles", "one", "two")
    (place / "empty").mkdir()
    line = [argument.format(place) for argument in arguments]
    assert main(["deploy", "moxa@127.0.0.1:1", *line]) == code
    assert words.format(*[place] * words.count("{}")) in capsys.readouterr().err


@pytest.mark.gateway
def test_several_bundles_go_one_after_the_other_until_one_fails(shared_workstation: Workstation) -> None:
    workstation, box = shared_workstation, shared_workstation.machine
    place = workstation.home / "bundles"
    place.mkdir()
    for name, fault in (("sev-a", ""), ("sev-b", "raise SystemExit(4)"), ("sev-c", "")):
        workstation.sample(name=name, before_main=fault).rename(place / name)
    printed = workstation.deploy(place, "--all", "--format", "json")
    assert printed.code == 1
    events = [json.loads(line) for line in printed.out.splitlines()]
    ends = [(one["bundle"], one["outcome"], one["host"], one["port"]) for one in events if one["event"] == "end"]
    assert ends == [("sev-a", "up", box.address, 22), ("sev-b", "failed", box.address, 22)]
    assert (events[-1]["done"], events[-1]["failed"], events[-1]["not_begun"]) == (["sev-a"], "sev-b", ["sev-c"])
    assert box.api("GET", "/sev-a") == (200, {"key": "value"})

    again = workstation.on_gateway("deploy", "-b", str(place / "sev-a"), "-b", str(place / "sev-c"))
    assert again.code == 0, again.err
    assert [line.split()[:2] for line in again.out.splitlines()] == [["unchanged:", "sev-a"], ["sev-c", "0.0.1"]]
    assert again.err.endswith("deployed: sev-a, sev-c\n")

    # What the first deploy of sev-b left is no bundle, and can be removed all the same.
    remove = ("remove", "--yes", "--bundle")
    assert workstation.on_gateway(*remove, "sev-b").code == 0
    assert "is not deployed on gateway" in workstation.on_gateway(*remove, "sev-b").err

    # The controller still has it, and would wait for its answer.
    assert workstation.on_gateway("stop", "--bundle", "sev-c").code == 0
    dead = workstation.run("api", "GET", "/sev-c", "gateway", "--password-stdin")
    assert (dead.code, dead.out) == (3, "")
    assert "sev-c would answer /sev-c, and does not run on gateway" in dead.err
    assert "hint: `bundlekit start gateway --bundle sev-c`" in dead.err
    assert workstation.run("api", "GET", "/sev-a", "gateway", "--password-stdin").code == 0

    assert workstation.on_gateway(*remove, "sev-c").code == 0
    left = workstation.on_gateway(*remove, "sev-c")
    assert (left.code, "only the settings of sev-c are left there" in left.err) == (3, True)
    for name in ("sev-a", "sev-c"):
        assert workstation.on_gateway(*remove, name, "--purge").code == 0
