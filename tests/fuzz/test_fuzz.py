"""`bundlekit fuzz` finds each planted fault at its line, and nothing in a bundle without faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bundlekit.cli import main
from bundlekit.fuzz.boundaries import boundary_values
from bundlekit.fuzz.campaign import Campaign, Effort
from bundlekit.fuzz.fault import NO_BODY, Failure, Fault, FuzzRequest, last_error, place_of
from bundlekit.fuzz.reproduction import reproduction
from bundlekit.gateway import Answer
from bundlekit.source.shape import NUMBER, Branch, Shape
from bundlekit.source.shape_check import is_in
from bundlekit.testing.bundle_gateway import BundleGateway
from tests.lint.bundles import MANIFEST

# Each resource has one fault; its line ends with the word after the hash.
INDEX = """import os
import sys

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji
from voluptuous import All, In, Optional, Range, Required, Schema

LEVEL = Schema({Optional("level", default=5): All(int, Range(min=0, max=9))})
MODE = Schema({Required("mode"): In(["auto", "off"])})


class Example(Sanji):
    def init(self, *args, **kwargs):
        self.name = {"name": "a"}

    @Route(methods="put", resource="/example/missing")
    def missing(self, message, response):
        data = getattr(message, "data", None)
        if not isinstance(data, dict):
            return response(code=400)
        return response(data=data["mode"])  # missing

    @Route(methods="put", resource="/example/division", schema=LEVEL)
    def division(self, message, response):
        return response(data=100 // message.data["level"])  # division

    @Route(methods="put", resource="/example/crash", schema=MODE)
    def crash(self, message, response):  # crash
        if message.data["mode"] == "off":
            os._exit(3)
        return response(data=1)

    @Route(methods="put", resource="/example/silence", schema=MODE)
    def silence(self, message, response):  # silence
        if message.data["mode"] == "auto":
            return response(data=1)

    @Route(methods="put", resource="/example/kept")
    def keep(self, message, response):
        data = getattr(message, "data", None)
        if not isinstance(data, dict):
            return response(code=400)
        self.name.update(data)
        return response(data=True)

    @Route(methods="get", resource="/example/kept")
    def kept(self, message, response):
        return response(data=len(self.name["name"]))  # kept


if __name__ == "__main__":
    Example(connection=Mqtt()).start()
"""
RESOURCES = [
    {"methods": ["put"], "resource": f"/example/{name}"} for name in ("missing", "division", "crash", "silence")
]
KEPT = {"methods": ["get", "put"], "resource": "/example/kept"}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    folder = tmp_path / "example"
    (folder / "data").mkdir(parents=True)
    (folder / "index.py").write_text(INDEX)
    (folder / "bundle.json").write_text(json.dumps({**MANIFEST, "resources": [*RESOURCES, KEPT]}))
    (folder / "data/example.json.factory").write_text('{"kept": {"name": "a"}}')
    return folder


def test_planted_faults_are_found_at_their_lines(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = planted / "tests/test_fuzz_found.py"
    tests.parent.mkdir()
    tests.write_text(reproduction("an earlier search", []))
    line = ["fuzz", str(planted), "--max-examples", "3", "--answer-within", "2", "--format", "json", "-o", str(tests)]
    assert main(line) == 1
    report = json.loads(capsys.readouterr().out)
    lines = {number: text.partition("# ")[2] for number, text in enumerate(INDEX.split("\n"), 1)}
    found = {(lines[one["line"]], one["failure"]) for one in report["faults"]}
    assert found == {
        ("missing", "error"),
        ("division", "error"),
        ("crash", "crash"),
        ("silence", "silence"),
        ("kept", "error"),
    }
    words = {lines[one["line"]]: one["words"] for one in report["faults"]}
    assert words["missing"] == "KeyError: 'mode'"
    assert words["division"].startswith("ZeroDivisionError")
    requests = {lines[one["line"]]: one["requests"] for one in report["faults"]}
    assert requests["missing"] == [{"method": "PUT", "resource": "/example/missing", "body": {}}]
    assert requests["division"][0]["body"] in ({"level": 0}, {"level": False})
    assert requests["crash"][0]["body"] == requests["silence"][0]["body"] == {"mode": "off"}
    assert [one["method"] for one in requests["kept"]] == ["PUT", "GET"]
    compile(tests.read_text(), str(tests), "exec")
    assert tests.read_text().count("def test_") == 5


SEARCHED = [{"methods": ["put"], "resource": "/example/division"}]


def test_same_seed_sends_the_same_requests(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (planted / "bundle.json").write_text(json.dumps({**MANIFEST, "resources": SEARCHED}))
    sent: list[tuple[Any, ...]] = []
    request = BundleGateway.request

    def watched(gateway: BundleGateway, *given: Any) -> Answer:
        sent.append(given)
        return request(gateway, *given)

    monkeypatch.setattr(BundleGateway, "request", watched)
    runs = []
    for seed in (7, 7, 8):
        sent.clear()
        report = Campaign(planted, Effort(examples=10, seed=seed), None, lambda *_: None).run()
        runs.append((list(map(repr, sent)), report))
    assert runs[0] == runs[1]
    assert len(runs[0][1].faults) == 1
    assert runs[0][0] != runs[2][0]


@pytest.mark.parametrize(
    ("name", "words"),
    [("test_own.py", "was not written by bundlekit fuzz"), ("missing/test_found.py", "there is no folder")],
)
def test_file_that_fuzz_did_not_write_is_kept(
    name: str, words: str, planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = planted / "test_own.py"
    own.write_text("def test_mine() -> None: ...\n")
    assert main(["fuzz", str(planted), "--output", str(planted / name)]) == 3
    told = capsys.readouterr()
    assert (told.out, words in told.err) == ("", True)
    assert own.read_text() == "def test_mine() -> None: ...\n"


def test_nothing_is_found_in_a_new_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resources = [word for one in ("/shed:get,put", "/rooms/:id:get,delete") for word in ("--resource", one)]
    assert main(["new", "--name", "shed", *resources, "--no-input", "--output-dir", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["fuzz", str(tmp_path / "shed"), "--max-examples", "5"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "nothing found" in told.err


def test_reproduction_is_a_test_for_the_gateway_fixture() -> None:
    requests = (FuzzRequest("PUT", "/a", {"x": None, "y": ['"""']}), FuzzRequest("GET", "/a"))
    fault = Fault(Failure.ERROR, "GET /a", requests, 500, 'KeyError: "x"\\', "index.py", 7)
    silent = Fault(Failure.SILENCE, "PUT /a", (FuzzRequest("PUT", "/a"),), None, "no answer within 5 s", "index.py", 3)
    text = reproduction('thermo"""\\stat\nx', [fault, fault, silent])
    calls: list[object] = []

    class Gateway:
        log = ""

        def put(self, *given: object) -> None:
            calls.append(given)

        def get(self, *given: object) -> object:
            calls.append(given)
            return Fault

        request = get

    names: dict[str, object] = {}
    exec(compile(text, "found.py", "exec"), names)
    tests = [name for name in names if name.startswith("test_")]
    assert tests == ["test_get_a_answers_no_error", "test_get_a_answers_no_error_2", "test_put_a_is_answered"]
    with pytest.raises(AttributeError):
        names[tests[0]](Gateway())  # type: ignore[operator]
    assert calls == [("/a", {"x": None, "y": ['"""']}), ("/a",)]


def test_place_is_the_innermost_one_in_the_bundle() -> None:
    trace = (
        '  File "/b/index.py", line 3, in put\n  File "/b/lib/x.py", line 9, in f\n  File "/usr/json.py", line 1, in g'
    )
    assert place_of(trace, Path("/b")) == ("lib/x.py", 9)
    assert place_of(trace, Path("/c")) == ("", 0)
    log = ["x", "Traceback (most recent call last):", '  File "a"', "    b", "KeyError: 'a'", "later"]
    assert last_error(log) == "KeyError: 'a'"
    assert last_error(["x"]) == ""


def test_ends_of_a_range_are_tried_first() -> None:
    shape = Shape((Branch(NUMBER, integer=True, minimum=1, maximum=9),))
    values = [one for one in boundary_values(shape) if is_in(one, shape)]
    assert {1, 9} <= set(values)
    assert FuzzRequest("PUT", "/a").body is NO_BODY


def test_archive_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.touch()
    assert main(["fuzz", str(archive)]) == 2
    assert "is no folder" in capsys.readouterr().err
