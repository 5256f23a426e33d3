"""Completion in real shells: what is typed, Tab, and what the line becomes."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pexpect
import pytest
from click.shell_completion import ShellComplete

from bundlekit.cli.access import bundle_there
from bundlekit.cli.main import COMPLETION, cli
from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.remote.events import BundleState, Release

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(bundlekit completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(bundlekit completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "bundlekit completion fish | source"),
}


def ssh_configuration(home: Path) -> None:
    (home / ".ssh" / "more").mkdir(parents=True)
    (home / ".ssh" / "config").write_text("Include more/*\nHost plant-east *.plant !plant-end\n  User moxa\n")
    (home / ".ssh" / "more" / "one").write_text("Host = included # a comment\nInclude more/one\n")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[pexpect.spawn[str]]:
    """A shell at its prompt, which has sourced what `bundlekit completion` prints."""
    (program, *arguments), source = SHELLS[request.param]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "PS1": "$ ",
        "LC_ALL": "C.UTF-8",
    }
    ssh_configuration(tmp_path)
    child = pexpect.spawn(
        program, arguments, env=environment, cwd=str(tmp_path), encoding="utf-8", timeout=60, dimensions=(40, 200)
    )
    child.sendline(source)
    child.sendline("echo 'now' 'ready'")
    child.expect("now ready")
    yield child
    child.close(force=True)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("bundlekit de", "bundlekit deploy"),
        ("bundlekit comp", "bundlekit completion"),
        ("bundlekit deploy --dry", "bundlekit deploy --dry-run"),
        ("bundlekit completion fi", "bundlekit completion fish"),
        ("bundlekit pack --li", "bundlekit pack --list"),
        ("bundlekit api PO", "bundlekit api POST"),
        ("bundlekit rules undef", "bundlekit rules undefined-name"),
        ("bundlekit validate --ignore undef", "bundlekit validate --ignore undefined-name"),
        ("bundlekit deploy plant-e", "bundlekit deploy plant-east"),
    ],
)
def test_tab_completes(shell: pexpect.spawn[str], typed: str, completed: str) -> None:
    shell.send(typed + "\t")
    shell.send("\x01echo 'The line' 'is': \r")  # Ctrl-A: before all that is there
    shell.expect(rf"The line is: {re.escape(completed)}\s")


def test_tab_offers_every_verb_that_begins_so(shell: pexpect.spawn[str]) -> None:
    # fish shows its list on better terminals only, and has a command for those who want to see it.
    is_fish = Path(str(shell.command)).name == "fish"
    shell.send("complete -C 'bundlekit sta'\r" if is_fish else "bundlekit sta\t\t")
    shell.expect([r"start\b.*status", r"status.*start\b"])


# what is typed, and what is offered for its last word
OFFERED = [
    ("logs moxa@inc", ["moxa@included"]),
    ("logs ''", ["included", "plant-east"]),
    ("logs --ssh-config other el", ["elsewhere"]),
    ("api p", ["PUT", "POST"]),
    ("status -i gateways.ini ''", ["north", "all-of-it", "gw1", "gw2"]),
    ("status -i gateways.ini 'north,!g'", ["north,!gw1", "north,!gw2"]),
    ("rollback -i gateways.ini 'gw1&n'", ["gw1&north"]),
    ("status -i for-ansible.ini g", []),
    ("validate --ignore BK303,undef", ["BK303,undefined-name"]),
    ("validate --severity BK327=w", ["BK327=warning"]),
    ("validate --severity undef", ["undefined-name="]),
    ("validate --select BK40", ["BK401", "BK402", "BK403", "BK404"]),
]


def offers(typed: str) -> list[str]:
    *words, last = shlex.split(typed)
    return [one.value for one in ShellComplete(cli, {}, "bundlekit", COMPLETION).get_completions(words, last)]


def test_releases_are_offered_as_they_were_seen_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert offers("rollback gw ''") == []
    session = Mock(identity={"target": "gw"})
    session.probe.return_value.bundles = [
        BundleState("pump", current="1-a", releases=(released("1-a"), released("1-b"), released("$(reboot)"))),
        BundleState("lamp", current="2-c", releases=(released("2-c"),)),
    ]
    with pytest.raises(BadUsage):  # which of both
        bundle_there(session, None)
    session.probe.return_value.bundles = [BundleState("lamp", current="2-d", releases=(released("2-d"),))]
    assert bundle_there(session, "lamp").current == "2-d"
    assert offers("rollback gw ''") == ["1-a", "1-b", "2-d"]
    assert offers("rollback -b pump gw ''") == ["1-a", "1-b"]
    assert offers("releases mark gw 1-b") == ["1-b"]
    assert offers("logs gw --release 2") == ["2-d"]
    assert offers("fetch gw --release 1-b") == ["1-b"]
    assert offers("rollback another ''") == []
    session.probe.return_value.bundles = []
    with pytest.raises(CouldNotRun):
        bundle_there(session, "pump")
    assert offers("rollback gw ''") == ["2-d"], "what is gone is not offered"
    (file,) = (tmp_path / "cache").rglob("releases.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for content in ("", "[1]", '{"gw": 1}', '{"gw": {"pump": 1}}'):
        file.write_text(content)
        assert offers("rollback gw ''") == []


def released(id: str) -> Release:
    return Release(id, id, "", 0, "good")


@pytest.mark.parametrize(("typed", "offered"), OFFERED)
def test_values_are_offered(typed: str, offered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh_configuration(tmp_path)
    (tmp_path / "other").write_text("Host elsewhere\n")
    (tmp_path / "gateways.ini").write_text("[north]\ngw[1-2] target=moxa@10.0.0.[1-2]\n[all-of-it:children]\nnorth\n")
    (tmp_path / "for-ansible.ini").write_text("[north]\ngw1\n[north:vars]\nansible_user=moxa\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert offers(typed) == offered
