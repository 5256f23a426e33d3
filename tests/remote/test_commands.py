"""Each command that changes something, as the words of the script; and the script, which takes these and no others."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bundlekit.remote import commands
from bundlekit.remote.commands import Command
from tests.remote.test_script_functions import SHELLS, run

PLACE = "/opt/bundlekit/uploads/" + "0" * 64 + "-ab"
LIST = "1" * 64
BUILT: dict[str, tuple[Command, list[str]]] = {
    "deploy": (
        commands.deploy_command(
            "example",
            release="1.0.0+a_b-3f",
            version="1.0.0+a~b",
            identity=f"tar:{'2' * 64}",
            upload=PLACE,
            replaces="",
            wait=60,
            keep=3,
            who="eve@desk?",
            lock_wait=0,
            verify=True,
            hand_over=False,
            force=False,
            write=False,
        ),
        [
            "release=1.0.0+a_b-3f",
            "version=1.0.0+a~b",
            f"identity=tar:{'2' * 64}",
            f"upload={PLACE}",
            "replaces=",
            "wait=60",
            "keep=3",
            "who=eve@desk?",
            "lock-wait=0",
            "how=",
            "list=",
            "signature=",
            "folder=",
        ],
    ),
    "deploy with all there is": (
        commands.deploy_command(
            "example",
            release="2-b",
            version="2",
            identity=LIST,
            upload=PLACE,
            replaces="1-a",
            wait=5,
            keep=1,
            who="eve@desk",
            lock_wait=9,
            verify=False,
            hand_over=True,
            force=True,
            write=True,  # which there is not without `verify`
            list=LIST,
            signature="AB+/cd==",
            folder="/home/eve/a b'c=\xfc",
            kept_settings=True,
        ),
        [
            "release=2-b",
            "version=2",
            f"identity={LIST}",
            f"upload={PLACE}",
            "replaces=1-a",
            "wait=5",
            "keep=1",
            "who=eve@desk",
            "lock-wait=9",
            "how=no-verify handover force-resource kept-settings",
            f"list={LIST}",
            "signature=AB+/cd==",
            "folder=/home/eve/a b'c=\xfc",
        ],
    ),
    "rollback": (
        commands.rollback_command(
            "example",
            release="1-a",
            replaces="2-b",
            wait=60,
            who="eve@desk",
            lock_wait=0,
            settings=True,
            verify=True,
            hand_over=False,
            force=False,
            undo=True,
            mark_bad=True,
        ),
        [
            "release=1-a",
            "replaces=2-b",
            "wait=60",
            "who=eve@desk",
            "lock-wait=0",
            "settings=settings",
            "how=undo mark-bad",
        ],
    ),
    "start": (
        commands.start_command("example", wait=60, who="eve@desk", lock_wait=1, force=True),
        ["wait=60", "who=eve@desk", "lock-wait=1", "how=force-resource"],
    ),
    "restart": (
        commands.restart_command("example", wait=60, who="eve@desk", lock_wait=1),
        ["wait=60", "who=eve@desk", "lock-wait=1"],
    ),
    "stop": (commands.stop_command("example", who="eve@desk", lock_wait=1), ["who=eve@desk", "lock-wait=1"]),
    "remove": (
        commands.remove_command("example", purge=True, who="eve@desk", lock_wait=1),
        ["settings=purge", "who=eve@desk", "lock-wait=1"],
    ),
    "remove and keep the settings": (
        commands.remove_command("example", purge=False, who="eve@desk", lock_wait=1),
        ["settings=keep", "who=eve@desk", "lock-wait=1"],
    ),
    "mark": (
        commands.mark_command("example", release="1-a", mark="bad", who="eve@desk", lock_wait=1),
        ["release=1-a", "mark=bad", "who=eve@desk", "lock-wait=1"],
    ),
    "drop": (
        commands.drop_command("example", release="1-a", who="eve@desk", lock_wait=1),
        ["release=1-a", "who=eve@desk", "lock-wait=1"],
    ),
    "room": (commands.room_command("example", keep=3, who="eve@desk"), ["keep=3", "who=eve@desk"]),
}
STOP = ["who=eve", "lock-wait=0"]
# What stands in place of the arguments of `stop` or `deploy`, and what the script says to it.
REFUSED = {
    "one is missing": ("stop", STOP[:1], "without lock-wait"),
    "all are missing": ("room", [], "without keep who"),
    "one twice": ("stop", [*STOP, "who=mallory"], "who"),
    "of another verb": ("stop", [*STOP, "keep=3"], "keep"),
    "two keys in one": ("stop", ["who lock-wait=0"], "who lock-wait=0"),
    "a variable of the script": ("stop", [*STOP, "ROOT=/tmp"], "ROOT=/tmp"),
    "a variable of the shell": ("stop", [*STOP, "PATH=/tmp"], "PATH=/tmp"),
    "a command as a key": ("stop", [*STOP, "$(touch done)=1"], "$(touch done)=1"),
    "a pattern": ("stop", ["who=eve", "*=0"], "*=0"),
    "no key": ("stop", [*STOP, "=0"], "=0"),
    "no value": ("stop", ["who", "lock-wait=0"], "who"),
    "positions": ("stop", ["eve", "0"], "eve"),
    "a command as a value": ("stop", ["who=$(touch done)", "lock-wait=0"], "$(touch done)"),
    "quotes": ("stop", ["who='; touch done; '", "lock-wait=0"], "'; touch done; '"),
    "a number that is none": ("stop", ["who=eve", "lock-wait=x[$(touch done)]"], "x[$(touch done)]"),
    "an empty number": ("stop", ["who=eve", "lock-wait="], "is not a number"),
    "a line break": ("stop", ["who=eve\nwhat=x", "lock-wait=0"], "who=eve what=x"),
    "a path as a release": ("drop", ["release=../x", *STOP], "../x"),
    "no release": ("drop", ["release=", *STOP], ""),
    "a tab in a folder": ("deploy", ["folder=/a\tb"], "folder=/a b"),
    "a place elsewhere": ("deploy", ["upload=/etc"], "/etc"),
    "a signature with a blank": ("deploy", ["signature=A B"], "A B"),
    "a list by another name": ("deploy", ["list=../x"], "../x"),
}


@pytest.mark.parametrize("name", BUILT)
def test_command_is_exactly_these_words(name: str) -> None:
    command, arguments = BUILT[name]
    assert list(command) == [name.split(maxsplit=1)[0], "example", *arguments]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_script_takes_each_command_as_it_is(shell: tuple[str, ...], tmp_path: Path) -> None:
    for command, arguments in BUILT.values():
        verb, _, *words = (word.replace("/opt/bundlekit", str(tmp_path)) for word in command)
        shown = "; ".join(f'echo "{key}=$arg_{key.replace("-", "_")}"' for key in keys(arguments))
        taken = run(shell, tmp_path, f"take_arguments {shlex.join([verb, *reversed(words)])}; {shown}")
        assert taken.splitlines() == words


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_script_refuses_arguments_of_another_kind(shell: tuple[str, ...], tmp_path: Path) -> None:
    for name, (verb, arguments, said) in REFUSED.items():
        taken = run(shell, tmp_path, f"cd {tmp_path}; take_arguments {shlex.join([verb, *arguments])}; echo taken")
        assert taken.startswith(("fail\tusage\t", "fail\tid\t")), name
        assert said in taken, name
        assert "taken" not in taken, name
        assert not (tmp_path / "done").exists(), name


def test_refused_arguments_leave_nothing_on_the_disk(tmp_path: Path) -> None:
    said = run(SHELLS[0], tmp_path / "root", "change stop x who=eve lock-wait=0 keep=3")
    assert said == "fail\tusage\tkeep\n"
    assert not (tmp_path / "root").exists()


def keys(arguments: list[str]) -> list[str]:
    return [argument.partition("=")[0] for argument in arguments]
