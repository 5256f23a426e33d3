"""`bundlekit verify` against the emulated gateway, with bundles that keep their promises and one that does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from junitparser import JUnitXml

from bundlekit.cli import main
from tests.gateway.emulated import Emulated, emulated
from tests.workstation import SAMPLE

LIAR = """
import time

from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji


class Liar(Sanji):

    def init(self, *args, **kwargs):
        self.reg_delay = 0
        self.count = 0

    @Route(methods="get", resource="/liar/fails")
    def fails(self, message, response):
        raise ValueError("oh")

    @Route(methods="get", resource="/liar/sleeps")
    def sleeps(self, message, response):
        time.sleep(3)
        return response(code=200, data={})

    @Route(methods=["get", "put"], resource="/liar/counts")
    def counts(self, message, response):
        self.count += 1
        return response(code=200, data={"count": self.count})

    @Route(methods="get", resource="/liar/items/:id")
    def item(self, message, response):
        return response(code=200, data=message.param)

    @Route(methods=["put", "delete"], resource="/liar/hidden")
    def hidden(self, message, response):
        self.count += 1000
        return response(code=200, data={})


if __name__ == "__main__":
    import logging
    logging.basicConfig(level=logging.DEBUG)
    Liar(connection=Mqtt()).start()
"""

DECLARED = {
    "/liar/fails": ["get"],
    "/liar/sleeps": ["get"],
    "/liar/counts": ["get", "put"],
    "/liar/items/:id": ["get"],
    "/liar/hidden": ["put"],
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    home = tmp_path_factory.mktemp("workstation")
    liar = home / "liar"
    liar.mkdir()
    manifest = json.loads((SAMPLE / "bundle.json").read_text()) | {
        "name": "liar",
        "ttl": 2,  # one that is counted down by a tick a second may be over at once
        "resources": [{"resource": path, "methods": methods} for path, methods in DECLARED.items()],
    }
    (liar / "bundle.json").write_text(json.dumps(manifest))
    (liar / "index.py").write_text(LIAR)
    with emulated(home) as running:
        running.start(SAMPLE)
        running.start(liar)
        yield running


def test_bundle_that_keeps_its_promises(gateway: Emulated) -> None:
    printed = gateway.run("verify", cwd=SAMPLE)
    assert printed.code == 0
    assert [line.split()[:5] for line in printed.out.splitlines()] == [
        ["kept", "GET", "/example", "answers", "200"],
        ["kept", "POST", "/example", "is", "refused"],
        ["kept", "DELETE", "/example", "is", "refused"],
    ]
    note, summary = printed.err.splitlines()
    assert "sees only over SSH" in note
    assert summary.startswith("bundle.json of example 0.0.1, on 127.0.0.1:")
    assert ": 3 kept, " in printed.err


def test_archive_will_do_and_a_write_leaves_the_settings_as_they_were(gateway: Emulated) -> None:
    before = gateway.client.get("/example").json
    packed = gateway.run("pack", str(SAMPLE), "--output", str(gateway.home))
    assert packed.code == 0, packed.err
    printed = gateway.run("verify", "--bundle", "example-0.0.1.tar.gz", "--write", "--format", "json")
    assert printed.code == 0
    report = json.loads(printed.out)
    assert report["summary"] == {"kept": 4, "broken": 0, "unchecked": 0}
    assert [(one["method"], one["promise"], one["verdict"]) for one in report["results"]][:2] == [
        ("GET", "answers", "kept"),
        ("PUT", "keeps", "kept"),
    ]
    assert gateway.client.get("/example").json == before


def test_broken_promises_are_told_and_counted(gateway: Emulated) -> None:
    count = gateway.client.get("/liar/counts").json["count"]
    printed = gateway.run("verify", "--bundle", "liar", "--junit", "report.xml", "--format", "json")
    assert printed.code == 1
    told = {(one["method"], one["declared"]): one for one in json.loads(printed.out)["results"]}
    assert told["GET", "/liar/fails"]["words"] == 'answered 500: "Internal Error."'
    assert told["GET", "/liar/sleeps"]["status"] == 408
    assert told["GET", "/liar/items/:id"]["words"] == "give --param id=..."
    assert told["DELETE", "/liar/hidden"]["verdict"] == "unchecked"
    assert told["GET", "/liar/hidden"]["verdict"] == "kept"
    assert gateway.client.get("/liar/counts").json == {"count": count + 2}, "nothing but the two GETs reached it"
    (suite,) = JUnitXml.fromfile(str(gateway.home / "report.xml"))
    assert (suite.name, suite.failures, suite.errors) == ("liar", 2, 0)


def test_with_write_and_parameters_the_rest_is_checked_too(gateway: Emulated) -> None:
    printed = gateway.run("verify", "--bundle", "liar", "--write", "--param", "id=7")
    assert printed.code == 1
    lines = {" ".join(line.removeprefix("not ").split()[1:3]): line for line in printed.out.splitlines()}
    assert "PUT of what GET gave answered something else" in lines["PUT /liar/counts"]
    assert lines["GET /liar/items/7"].startswith("kept")
    assert "answered 200, expected a refusal" in lines["DELETE /liar/hidden"]


def test_bundle_that_does_not_run_breaks_its_promises(gateway: Emulated, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    shutil.copytree(SAMPLE, absent)
    (absent / "bundle.json").write_text((SAMPLE / "bundle.json").read_text().replace("/example", "/absent"))
    printed = gateway.run("verify", "--bundle", str(absent))
    assert printed.code == 1
    assert printed.out.count("no bundle is registered for it") == 3


def test_what_was_not_checked_fails_only_who_is_strict(gateway: Emulated, tmp_path: Path) -> None:
    more = tmp_path / "more"
    shutil.copytree(SAMPLE, more)
    manifest = json.loads((SAMPLE / "bundle.json").read_text())
    manifest["resources"].append({"methods": ["get"], "resource": "/example/:id"})
    (more / "bundle.json").write_text(json.dumps(manifest))
    assert gateway.run("verify", "--bundle", str(more)).code == 0
    printed = gateway.run("verify", "--bundle", str(more), "--strict")
    assert printed.code == 1
    assert "broken" not in printed.out
    assert gateway.run("verify", "--bundle", str(SAMPLE), "--strict").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--param", "id"], 2, "is not NAME=VALUE"),
        (["--param", "none=1"], 2, "no resource of example has the parameter :none"),
        (["--junit", "no/such/folder.xml"], 3, "cannot write no/such/folder.xml"),
        (["--bundle", "/"], 3, "is not a bundle"),
    ],
)
def test_what_could_not_be_checked_is_no_verdict(
    gateway: Emulated, arguments: list[str], code: int, words: str
) -> None:
    printed = gateway.run("verify", *arguments, cwd=SAMPLE)
    assert (printed.code, words in printed.err) == (code, True)


def test_wrong_token_is_no_verdict(gateway: Emulated) -> None:
    printed = gateway.run("verify", "--url", gateway.url, cwd=SAMPLE, BUNDLEKIT_TOKEN="wrong")
    assert (printed.code, printed.out) == (3, "")
    assert "does not accept the token" in printed.err


def test_no_gateway_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["verify", "--bundle", str(SAMPLE)]) == 3
    told = capsys.readouterr().err
    assert "no emulated gateway runs here" in told
    assert "bundlekit run" in told
