"""Other bundles on a gateway: found, told from copies of our own, and never answered for by mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bundlekit.deploy.outcome import outcome_of
from bundlekit.errors import Refused
from bundlekit.remote import script
from bundlekit.remote.events import Neighbour, parse_event, parse_probe
from bundlekit.remote.neighbours import shared
from tests.emulator.bundles.pythons import python_2
from tests.workstation import Workstation

THERMO = Neighbour("thermo", "0.1.0", ("/thermostat", "/thermostat/:id"))
BY_HAND = Neighbour("hand", "1", ("/hand",), 17, "/home/moxa/hand")
COPY = Neighbour("mine", "1", (), 18, "/home/moxa/mine")

SHARED = [
    (["/thermostat"], [("thermo", ("/thermostat",))]),
    (["/thermostat/7", "/else"], [("thermo", ("/thermostat/7",))]),
    (["/thermostat/:name/x", "/thermostats"], []),
    (["/+"], [("thermo", ("/+",)), ("hand", ("/+",))]),
    (["/hand/#"], [("hand", ("/hand/#",))]),
    (["/thermo+"], [("thermo", ("/thermo+",)), ("hand", ("/thermo+",))]),
    ([], []),
]


@pytest.mark.parametrize(("resources", "expected"), SHARED)
def test_resources_meet_as_the_controller_matches_them(
    resources: list[str], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    found = shared("mine", resources, [THERMO, BY_HAND])
    assert [(one.neighbour.name, one.resources) for one in found] == expected


def test_copy_by_hand_is_a_neighbour_and_the_deployed_bundle_is_not() -> None:
    assert shared("thermo", ["/thermostat"], [THERMO, COPY]) == []
    assert [one.neighbour for one in shared("mine", ["/x"], [THERMO, COPY])] == [COPY]


def test_refusal_of_the_gateway_names_who_has_what() -> None:
    lines = ["fail\tresource\t/a, /b\tthermo\t0.1.0", "fail\tresource\t\tx\t1\t17\t/home/moxa/x"]
    with pytest.raises(Refused) as caught:
        outcome_of(map(parse_event, lines), "x")
    assert "thermo 0.1.0 is on the gateway and answers /a, /b too" in caught.value.message
    assert "--force-resource" in str(caught.value.hint)
    assert caught.value.details == ("a copy of x runs there by hand: process 17 in /home/moxa/x, version 1",)


@pytest.fixture(scope="module", params=["2", "3"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return sys.executable if request.param == "3" else str(python_2(tmp_path_factory.mktemp("python")))


def bundle(folder: Path, name: str, *resources: Any, **others: Any) -> Path:
    folder.mkdir(parents=True)
    fields = {"name": name, "version": "1.0", "resources": resources, **others}
    (folder / "bundle.json").write_text(json.dumps(fields))
    (folder / "index.py").write_text("import time\ntime.sleep(60)\n")
    return folder


def deployed(root: Path, name: str, *resources: Any, **others: Any) -> Path:
    place = root / "bundles" / name
    release = bundle(place / "releases/1", name, *resources, **others)
    (place / "current").symlink_to("releases/1")
    return release


@contextmanager
def running(folder: Path, *words: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, *words], cwd=folder)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def around(python: str, root: Path, *arguments: str) -> tuple[list[list[str]], int]:
    done = subprocess.run(
        [python, "-ES", "-", str(root), *arguments],
        input=script.program("around.py"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    here = str(root.parent)  # of this test alone: whatever else runs on this machine is nobody's business
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    folders = [line[2] if line[0] == "by-hand" else "".join(line[6:]) for line in lines]
    mine = [line for line, folder in zip(lines, folders, strict=True) if not folder or folder.startswith(here)]
    assert done.returncode == status_of(lines)
    return mine, status_of(mine)


def status_of(lines: list[list[str]]) -> int:
    """3 where the gateway refuses for one of these lines. A bundle that another test runs may be such a reason too."""
    return 3 if any(line[0] == "fail" for line in lines) else 0


def test_gateway_finds_what_is_deployed_and_what_runs_by_hand(python: str, tmp_path: Path) -> None:
    root = tmp_path / "bundlekit"
    mine = deployed(root, "mine", {"resource": "/mine"})
    deployed(
        root, "other", {"resource": "/api/v1/other/:id"}, {"resource": "/v", "role": "view"}, 5, {"resource": None}
    )
    deployed(root, "broken").joinpath("bundle.json").write_text("{")
    (root / "bundles/left/settings").mkdir(parents=True)
    by_hand = bundle(tmp_path / "by hand", "hand", {"resource": "/hand"})
    silent = bundle(tmp_path / "listens", "listens", {"resource": "/x"}, role="view")
    with (
        running(by_hand, "-u", "index.py") as first,
        running(by_hand, "index.py"),
        running(mine, "index.py"),
        running(tmp_path, str(silent / "index.py")) as second,
        running(by_hand, "-c", "import time; time.sleep(9)"),
    ):
        told, status = around(python, root, "mine")
    assert sorted(told) == [
        ["by-hand", str(first), str(by_hand), "hand", "1.0", "/hand"],
        ["by-hand", str(second), str(silent), "listens", "1.0"],
        ["deployed", "other", "1.0", "/other/:id"],
    ]
    assert status == 0
    gateway = parse_probe(parse_event("\t".join(line)) for line in told)
    assert {one.pid for one in gateway.neighbours} == {0, first, second}


def test_gateway_refuses_what_meets_unless_it_is_forced(python: str, tmp_path: Path) -> None:
    root = tmp_path / "bundlekit"
    deployed(root, "other", {"resource": "/rooms/:id"})
    deployed(root, "mine", {"resource": "/mine"})
    mine = bundle(tmp_path / "staging", "mine", {"resource": "/rooms/all"}, {"resource": "/mine"})
    refused = [["fail", "resource", "/rooms/all", "other", "1.0"]]
    assert around(python, root, "mine", str(mine)) == (refused, 3)
    assert around(python, root, "mine", str(mine), "force") == ([["shared", *refused[0][1:]]], 0)
    assert around(python, root, "other", str(bundle(tmp_path / "fits", "other", {"resource": "/rooms/:id"}))) == ([], 0)


def test_gateway_and_client_match_alike(python: str, tmp_path: Path) -> None:
    root = tmp_path / "bundlekit"
    deployed(root, "thermo", *({"resource": one} for one in THERMO.resources))
    for number, (resources, _) in enumerate(SHARED):
        mine = bundle(tmp_path / str(number), "mine", *({"resource": one} for one in resources))
        told, status = around(python, root, "mine", str(mine))
        expected = [", ".join(one.resources) for one in shared("mine", resources, [THERMO])]
        assert ([line[2] for line in told], status) == (expected, 3 if expected else 0)


@pytest.mark.gateway
def test_second_bundle_on_a_resource_is_refused_and_a_copy_by_hand_is_found(shared_workstation: Workstation) -> None:
    workstation, box = shared_workstation, shared_workstation.machine
    first, second = workstation.sample(name="near-a"), workstation.sample(name="near-b")
    for file in ("bundle.json", "index.py"):
        (second / file).write_text((second / file).read_text().replace("/near-b", "/near-a"))
    assert workstation.deploy(first).code == 0

    for option in ("--wait=60", "--dry-run"):
        refused = workstation.deploy(second, option)
        assert refused.code == 1
        assert "near-a 0.0.1 is on the gateway and answers /near-a too" in refused.err
        assert "kept: nothing was stopped or changed" in refused.err
    doctor = workstation.on_gateway("doctor", "--bundle", str(second))
    assert (doctor.code, "fail  resources   near-a 0.0.1" in doctor.out) == (1, True)
    forced = workstation.deploy(second, "--force-resource")
    assert forced.code == 0, forced.err
    assert "note: near-a 0.0.1 is on the gateway and answers /near-a too" in forced.err
    assert "note: GET /near-a is answered by near-a as well, and the answers are merged" in forced.err

    # The resource was free when the second one was deployed; it is not when that one is to run again.
    assert workstation.on_gateway("stop", "--bundle", "near-b").code == 0
    for verb, which in (("start", "near-b"), ("deploy", str(second))):
        refused = workstation.on_gateway(verb, "--bundle", which)
        assert (refused.code, "near-a 0.0.1 is on the gateway and answers /near-a too" in refused.err) == (1, True)
        assert "--force-resource overrides this" in refused.err
        assert (
            workstation.on_gateway("status", "--bundle", "near-b", "--format", "json").out.count('"running": null') == 1
        )
    for verb, *options in (("start", "--force-resource"), ("restart",)):
        started = workstation.on_gateway(verb, "--bundle", "near-b", *options)
        assert (started.code, "note: near-a 0.0.1 is on the gateway and answers" in started.err) == (0, True), (
            started.err
        )
    assert workstation.on_gateway("stop", "--bundle", "near-b").code == 0
    started = workstation.deploy(second, "--force-resource")  # the same archive
    assert (started.code, started.err.count("near-a 0.0.1 is on the gateway")) == (0, 1), started.err
    (second / "README").write_text("new")
    assert workstation.deploy(second, "--force-resource").code == 0
    refused = workstation.on_gateway("rollback", "--bundle", "near-b")
    assert (refused.code, "kept: nothing was stopped or changed" in refused.err) == (1, True), refused.err
    assert workstation.on_gateway("rollback", "--bundle", "near-b", "--force-resource").code == 0
    assert workstation.on_gateway("remove", "--bundle", "near-b", "--yes", "--purge").code == 0

    box.put(first, "/root/by-hand")
    box.run("cd /root/by-hand && setsid python index.py >/root/by-hand.log 2>&1 </dev/null & sleep 1")
    pid = box.run("pgrep -fx 'python index.py'").stdout.strip()
    words = f"process {pid} in /root/by-hand, version 0.0.1"
    try:
        status = workstation.on_gateway("status", "--bundle", "near-a")
        assert (status.code, f"a copy of it runs by hand: {words}" in status.out) == (1, True)
        assert f"a copy of near-a runs there by hand: {words}" in workstation.on_gateway("doctor").out
        same = workstation.deploy(first)
        assert (same.code, f"note: a copy of near-a runs there by hand: {words}" in same.err) == (0, True)
        (first / "README").write_text("new")
        refused = workstation.deploy(first)
        assert refused.code == 1
        assert f"hint: end it there first: sudo kill {pid}" in refused.err
    finally:
        box.run(f"kill {pid}")
    assert workstation.on_gateway("remove", "--bundle", "near-a", "--yes", "--purge").code == 0
