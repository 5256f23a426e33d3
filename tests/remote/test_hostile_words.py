"""Every verb that talks to a gateway, every option and argument of it, and every odd word there."""

from __future__ import annotations

import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from bundlekit.cli.main import main
from tests.remote.hostile_server import GATEWAY, PASSWORD, HostileServer, answer, running
from tests.workstation import SAMPLE

WORDS = [
    "-rf",
    "--",
    "../../etc",
    "$(reboot)",
    "`reboot`",
    "'; reboot '",
    '"',
    "a\nreboot\n",
    "é",
    "\u202eevil",
    "\udcff",
    "\x1b[2J",
    "%s",
    "{0}",
    "",
    "nan",
    "inf",
    "-1",
    "9" * 5000,
    "x" * 10_000,
    "/" + "y/" * 5000,
]
VERBS: dict[str, list[str]] = {  # what they take besides a gateway
    "adopt": [],
    "doctor": [],
    "fetch": [],
    "deploy": ["--bundle=example"],
    "status": [],
    "logs": [],
    "history": [],
    "start": [],
    "stop": [],
    "restart": [],
    "releases": [],
    "rollback": [],
    "remove": ["--yes"],
    "api": [],
}
# What makes sense, or is known for nonsense on the gateway alone; all else is refused before anybody connects.
FIT = {
    "target": {"nan", "inf"},
    "method": {"nan", "inf"},
    "bundle": {"-rf", "--", "nan", "inf"},
    "release": {"nan", "inf"},
    "fields": set(WORDS) - {"\udcff"},
    "resource": {"/" + "y/" * 5000},
    "data": {"-1"},
    "output": set(WORDS),  # a folder may have any name
}


def command_of(verb: str) -> click.Command:
    command = importlib.import_module(f"bundlekit.cli.commands.{verb}").command
    assert isinstance(command, click.Command)
    return command


def places() -> list[tuple[str, str]]:
    """The verbs, and the names of all that takes a word of the user's there."""
    found = []
    for verb in VERBS:
        for parameter in command_of(verb).params:
            if not (isinstance(parameter, click.Option) and parameter.is_flag):
                assert parameter.name
                found.append((verb, parameter.name))
    return found


def command_line(verb: str, place: str, word: str, target: str) -> list[str]:
    """A command line with the word in its place."""
    values = {"target": target, "method": "GET", "resource": "/example"}
    arguments: list[str] = []
    options = [*VERBS[verb], "--password-stdin"]
    for parameter in command_of(verb).params:
        if isinstance(parameter, click.Argument):
            if parameter.name in values or parameter.name == place:
                arguments.append(word if parameter.name == place else values[str(parameter.name)])
        elif parameter.name == place:
            options.append(f"{parameter.opts[-1]}={word}")
    return [verb, *options, "--", *arguments]


def spoken_by(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    return str(out + err)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(SAMPLE, tmp_path / "example")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


@pytest.fixture
def gateway(home: Path) -> Iterator[HostileServer]:
    with HostileServer(
        {"probe": answer(*GATEWAY, *running("example", "0.0.1", "0" * 64)) + b"done\tTOKEN\t0\n"}
    ) as gateway:
        gateway.write_known_hosts(home)
        yield gateway


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        return main(list(arguments)), spoken_by(capsys)

    return run


@pytest.mark.parametrize(("verb", "place"), places())
def test_odd_word_is_refused_before_anybody_connects(gateway: HostileServer, run: Run, verb: str, place: str) -> None:
    for word in WORDS:
        code, said = run(*command_line(verb, place, word, f"moxa@127.0.0.1:{gateway.port}"))
        assert "fault of bundlekit" not in said, (word, said)
        assert "Traceback" not in said, (word, said)
        assert all(character.isprintable() or character == "\n" for character in said), (word, said)
        if word not in FIT.get(place, ()):
            assert code == 2, (word, said)
            assert not gateway.connections, word
        gateway.connections = 0


NAMES = ["", "../x", "a/b", "$(reboot)", "a b", "a\nb", "é", "\x1b[2J", "'", "x" * 10_000, 5, None]
VERSIONS = ["", "../1", "/etc", "$(reboot)", "1 0", "1\n0", "é", "\x1b[2J", "'", "-1", "1" * 10_000, 1.0, None]


@pytest.mark.parametrize(("field", "values"), [("name", NAMES), ("version", VERSIONS)])
def test_bundle_with_a_name_or_version_that_is_none_is_refused_before_a_log_in(
    gateway: HostileServer, run: Run, home: Path, *, field: str, values: list[object]
) -> None:
    manifest = home / "example" / "bundle.json"
    fields = json.loads(manifest.read_text())
    for value in values:
        manifest.write_text(json.dumps({**fields, field: value}))
        for factory in (home / "example" / "data").glob("*.factory"):
            factory.unlink()
        code, said = run("deploy", f"moxa@127.0.0.1:{gateway.port}", "--password-stdin", "--bundle", "example")
        assert code == 1, (value, said)
        assert "Traceback" not in said
        assert all(character.isprintable() or character == "\n" for character in said), (value, said)
        assert not gateway.log_ins, value


@pytest.mark.parametrize("version", ["1.0.0~rc1", "0", "1+b.2_c-d", "1" * 100])
def test_odd_version_that_is_one_reaches_the_gateway_as_it_is(run: Run, home: Path, version: str) -> None:
    manifest = home / "example" / "bundle.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
    with HostileServer() as gateway:
        gateway.write_known_hosts(home)
        code, said = run("deploy", f"moxa@127.0.0.1:{gateway.port}", "--password-stdin", "--bundle", "example")
    assert code == 0, said
    assert f"version={version}" in gateway.orders[-1]
