"""The help pages: every verb begins with examples, and the examples are lines that the verb takes."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex

import click
import pytest

from bundlekit.cli import commands
from bundlekit.cli.main import cli, main
from bundlekit.cli.summaries import SUMMARIES


def _command(verb: str) -> click.Command:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    return command


def _examples(verb: str) -> list[str]:
    return str(getattr(_command(verb), "examples", "")).splitlines()


def test_help_lists_the_verbs_in_the_order_of_a_bundles_life(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(r"^  ([a-z-]+)  +\S", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(SUMMARIES)


def test_every_module_of_a_verb_is_a_verb() -> None:
    """A module with a `command` that is not in the list could not be called by anybody."""
    names = [one.name for one in pkgutil.iter_modules(commands.__path__)]
    found = [name for name in names if hasattr(importlib.import_module(f"{commands.__name__}.{name}"), "command")]
    assert {name.replace("_", "-") for name in found} == {*SUMMARIES}


@pytest.mark.parametrize("verb", SUMMARIES)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_starts_with_an_example(verb: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, option]) == 0
    usage, empty, title, example, *_ = capsys.readouterr().out.splitlines()
    assert usage.startswith(f"Usage: bundlekit {verb} ")
    assert (empty, title) == ("", "Examples:")
    assert f"bundlekit {verb}" in example


@pytest.mark.parametrize("verb", SUMMARIES)
def test_every_example_is_a_line_that_the_verb_takes(verb: str) -> None:
    for line in _examples(verb):
        found = re.search(rf"bundlekit {verb}([^|)]*)", line.partition("  ")[0])
        assert found, line
        words = shlex.split(found[1])
        command = _command(verb)
        # In its group's context: a command keeps the option for help that it had first.
        command.make_parser(click.Context(command, **cli.context_settings)).parse_args(args=words)


@pytest.mark.parametrize("verb", SUMMARIES)
def test_every_option_says_what_it_is_for(verb: str) -> None:
    options = [param for param in _command(verb).params if isinstance(param, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(
    "line", [["nonsense"], ["deploy", "--nonsense"], ["pack", "no-such-folder"], ["completion", "tcsh"]]
)
def test_wrong_usage_exits_with_2(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert line[-1] in told.err


def test_verb_that_is_spelled_otherwise_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["depoly"]) == 2
    assert "No such command 'depoly'. Did you mean 'deploy'?" in capsys.readouterr().err
    assert main(["xyzzy"]) == 2
    assert "No such command 'xyzzy'.\n" in capsys.readouterr().err


def test_no_verb_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    told = capsys.readouterr()
    assert "Commands:" in told.out + told.err
