"""`bundlekit gateway token` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bundlekit.cli.commands import gateway_token
from bundlekit.emulator.tokens import Tokens, TokenScope
from bundlekit.errors import CouldNotRun


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(gateway_token.group, [str(argument) for argument in arguments])


def test_token_alone_goes_to_standard_output_and_opens_the_gateway(tmp_path: Path) -> None:
    for arguments, scope in (((), TokenScope.READ), (("--scope", "read/write"), TokenScope.READ_WRITE)):
        made = run("add", "--state", tmp_path, *arguments)
        assert made.exit_code == 0
        assert made.stdout.count("\n") == 1
        assert Tokens(tmp_path).scope_of(made.stdout.strip()) is scope
        assert "shown this once" in made.stderr
        assert made.stdout.strip() not in made.stderr


def test_list_tells_of_all_but_the_tokens_themselves(tmp_path: Path) -> None:
    secret = run("add", "--state", tmp_path, "-d", "Postman, by hand").stdout.strip()
    listed = run("list", "--state", tmp_path)
    assert "Postman, by hand" in listed.stdout
    assert secret not in listed.output
    (told,) = json.loads(run("list", "--state", tmp_path, "--format", "json").stdout)["tokens"]
    assert set(told) == {"id", "scope", "created", "description"}
    assert told["id"] in listed.stdout


def test_list_without_tokens_prints_nothing_that_a_program_could_mistake(tmp_path: Path) -> None:
    listed = run("list", "--state", tmp_path / "none")
    assert (listed.exit_code, listed.stdout, listed.stderr) == (0, "", "no token was made\n")
    assert not (tmp_path / "none").exists()


def test_revoked_token_opens_nothing(tmp_path: Path) -> None:
    secret = run("add", "--state", tmp_path).stdout.strip()
    tokens = Tokens(tmp_path)
    (told,) = json.loads(run("list", "--state", tmp_path, "--format", "json").stdout)["tokens"]
    assert tokens.scope_of(secret)
    assert run("revoke", told["id"], "--state", tmp_path).stdout == f"token {told['id']} is void\n"
    assert tokens.scope_of(secret) is None
    assert isinstance(run("revoke", told["id"], "--state", tmp_path).exception, CouldNotRun)


@pytest.mark.parametrize("arguments", [("add",), ("revoke", "0123abcd")])
def test_folder_of_something_else_is_left_alone(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "bundle.json").write_text("{}")
    told = run(*arguments, "--state", tmp_path).exception
    assert isinstance(told, CouldNotRun)
    assert "holds something else" in str(told)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.json"]


@pytest.mark.parametrize("left", ["lock", "mx-api-token", "bundlekit-gateway"])
def test_folder_of_a_gateway_gets_its_first_token(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    assert run("add", "--state", tmp_path).exit_code == 0


@pytest.mark.parametrize("verb", ["add", "list", "revoke"])
def test_help_starts_with_examples(verb: str) -> None:
    page = run(verb, "--help").stdout
    assert page.index("Examples") < page.index("Options")
    assert f"bundlekit gateway token {verb}" in page
