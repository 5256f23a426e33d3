"""Tokens: what is stored of them, and what a gateway that runs makes of changes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bundlekit.emulator.tokens import Tokens, TokenScope, add_token, only, revoke_tokens, tokens_in
from bundlekit.errors import BadUsage, CouldNotRun, Unreadable


@pytest.mark.parametrize("scope", list(TokenScope))
def test_token_is_good_for_its_scope_alone(tmp_path: Path, scope: TokenScope) -> None:
    _, secret = add_token(tmp_path, scope, "")
    assert Tokens(tmp_path).scope_of(secret) is scope


@pytest.mark.parametrize(
    ("scope", "method", "allowed"),
    [
        *((TokenScope.READ, method, True) for method in ("GET", "HEAD", "OPTIONS")),
        *((TokenScope.READ, method, False) for method in ("PUT", "POST", "DELETE", "PATCH", "get")),
        *((TokenScope.READ_WRITE, method, True) for method in ("GET", "PUT", "POST", "DELETE")),
    ],
)
def test_scope_tells_writing_from_reading(scope: TokenScope, method: str, allowed: bool) -> None:
    assert scope.allows(method) is allowed


def test_token_itself_is_stored_nowhere_and_the_file_is_for_its_owner(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    token, secret = add_token(state, TokenScope.READ, "Postman")
    assert len(secret) == 64
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "tokens.json").stat().st_mode) == 0o600
    assert not any(secret in file.read_text() for file in state.iterdir())
    assert tokens_in(state) == (token,)
    (stored,) = json.loads((state / "tokens.json").read_text())["tokens"]
    assert (stored["description"], stored["scope"], stored["id"]) == ("Postman", "read", token.id)


def test_gateway_has_a_token_of_its_own_which_stays(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    file = tmp_path / "mx-api-token"
    assert tokens.scope_of(file.read_text().strip()) is TokenScope.READ_WRITE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Tokens(tmp_path).own == tokens.own


@pytest.mark.parametrize("given", ["", "x", "ü", "\udcff", "0" * 64])
def test_what_is_no_token_opens_nothing(tmp_path: Path, given: str) -> None:
    add_token(tmp_path, TokenScope.READ, "")
    assert Tokens(tmp_path).scope_of(given) is None
    assert only("secret")(given) is None


def test_token_hash_is_no_token(tmp_path: Path) -> None:
    token, _ = add_token(tmp_path, TokenScope.READ, "")
    assert Tokens(tmp_path).scope_of(token.sha256) is None


def test_tokens_made_and_revoked_by_another_process_count_at_once(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    program = (
        "import sys; from pathlib import Path; from bundlekit.emulator.tokens import *;"
        "print(add_token(Path(sys.argv[1]), TokenScope.READ, '')[1])"
    )
    made = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert tokens.scope_of(made.stdout.strip()) is TokenScope.READ
    revoke_tokens(tmp_path, [tokens_in(tmp_path)[0].id])
    assert tokens.scope_of(made.stdout.strip()) is None


def test_many_made_at_once_are_all_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: add_token(tmp_path, TokenScope.READ, str(number)), range(40)))
    assert {token.id for token, _ in made} == {token.id for token in tokens_in(tmp_path)}
    tokens = Tokens(tmp_path)
    assert all(tokens.scope_of(secret) for _, secret in made)


def test_revoking_one_leaves_the_others(tmp_path: Path) -> None:
    first, second, third = (add_token(tmp_path, TokenScope.READ, name)[0] for name in "abc")
    assert revoke_tokens(tmp_path, [second.id, second.id]) == (second,)
    assert tokens_in(tmp_path) == (first, third)


def test_unknown_id_revokes_nothing(tmp_path: Path) -> None:
    token, _ = add_token(tmp_path, TokenScope.READ, "")
    with pytest.raises(CouldNotRun, match="there is no token nonsense"):
        revoke_tokens(tmp_path, [token.id, "nonsense"])
    assert tokens_in(tmp_path) == (token,)


@pytest.mark.parametrize("description", ["two\nlines", "\x1b[31m", "x" * 201])
def test_description_that_no_list_can_show_is_refused(tmp_path: Path, description: str) -> None:
    with pytest.raises(BadUsage, match="one line"):
        add_token(tmp_path, TokenScope.READ, description)


GOOD = {"id": "a", "description": "", "scope": "read", "created": "", "sha256": "00"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"tokens": 1}',
        '{"tokens": [1]}',
        "[" * 100_000,
        "\udcff",
        *(json.dumps({"tokens": [{**GOOD, key: 7}]}) for key in GOOD),
        json.dumps({"tokens": [{**GOOD, "scope": "all"}]}),
        json.dumps({"tokens": [{**GOOD, "sha256": "ü"}]}),
        json.dumps({"tokens": [{**GOOD, "id": "\x1b[2J"}]}),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_damaged_file_is_an_error_and_nothing_is_lost(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text, errors="surrogateescape")
    for act in (
        lambda: Tokens(tmp_path),
        lambda: tokens_in(tmp_path),
        lambda: add_token(tmp_path, TokenScope.READ, ""),
        lambda: revoke_tokens(tmp_path, ["a"]),
    ):
        with pytest.raises(Unreadable, match="is damaged"):
            act()
    assert file.read_text(errors="surrogateescape") == text


def test_file_damaged_while_it_runs_leaves_the_own_token_alone_good(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, secret = add_token(tmp_path, TokenScope.READ, "")
    tokens = Tokens(tmp_path)
    sound = (tmp_path / "tokens.json").read_text()
    (tmp_path / "tokens.json").write_text("{")
    for _ in range(3):
        assert tokens.scope_of(secret) is None
        assert tokens.scope_of(tokens.own) is TokenScope.READ_WRITE
    assert len(caplog.records) == 1
    (tmp_path / "tokens.json").write_text(sound)
    assert tokens.scope_of(secret) is TokenScope.READ


def test_empty_own_token_is_an_error_and_no_open_door(tmp_path: Path) -> None:
    (tmp_path / "mx-api-token").write_text("\n")
    with pytest.raises(Unreadable, match="is empty"):
        Tokens(tmp_path)


def test_state_that_cannot_be_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CouldNotRun, match=r"cannot write .*file"):
        add_token(tmp_path / "file" / "state", TokenScope.READ, "")


def test_interrupted_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_token(tmp_path, TokenScope.READ, "")
    before = (tmp_path / "tokens.json").read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CouldNotRun, match="No space left"):
        add_token(tmp_path, TokenScope.READ, "")
    assert (tmp_path / "tokens.json").read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"tokens.json", ".tokens.json.lock"}
