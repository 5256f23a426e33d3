"""`bundlekit api` against the emulated gateway: what it prints, how it ends, and which gateway it asks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from bundlekit.cli import main
from bundlekit.cli.report_json import coloured, pretty
from tests.gateway.emulated import Emulated, emulated, user_environment
from tests.gateway.servers import http, says, server
from tests.workstation import SAMPLE

# The variables of somebody who does not know which gateways are emulated here.
NOBODY_KNOWN: dict[str, Any] = {"XDG_STATE_HOME": "/nonexistent"}

KEYRING = """
import json, os
from pathlib import Path
from typing import Any
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1
    file = Path(os.environ["HOME"]) / "keyring.json"

    def get_password(self, service, username):
        return json.loads(self.file.read_text()).get(service + " " + username) if self.file.exists() else None

    def set_password(self, service, username, password):
        self.file.write_text(json.dumps({service + " " + username: password}))
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    with emulated(tmp_path_factory.mktemp("workstation")) as running:
        running.start(SAMPLE)
        yield running


def test_answer_is_printed_as_it_came_and_nothing_else(gateway: Emulated) -> None:
    put = gateway.run("api", "PUT", "/example", "-d", '{"key": "ü", "b": [1.50, null]}')
    assert (put.code, put.err) == (0, "")
    got = gateway.run("api", "get", "/example")
    assert (got.code, got.err) == (0, "")
    assert got.out == put.out
    assert json.loads(got.out) == {"key": "ü", "b": [1.5, None]}


def test_resource_that_nobody_registered_is_told_from_a_token_that_does_not_do(gateway: Emulated) -> None:
    assert "no bundle is registered for this resource" in gateway.run("api", "GET", "/nothing").err
    assert "no bundle is registered" not in gateway.run("api", "DELETE", "/example").err


def test_data_comes_from_a_file_or_standard_input(gateway: Emulated) -> None:
    (gateway.home / "data.json").write_text('{"from": "file"}')
    printed = gateway.run("api", "PUT", "/example", "-d", "@data.json")
    assert json.loads(printed.out) == {"from": "file"}
    printed = gateway.run("api", "PUT", "/example", "-d", "-", given='{"from": "stdin"}')
    assert json.loads(printed.out) == {"from": "stdin"}


@pytest.mark.parametrize(
    "query",
    [["--fields", "hostname,version"], ["-q", "fields=hostname,version"], ["--query", "fields=hostname,version"]],
)
def test_query_reaches_the_gateway(gateway: Emulated, query: list[str]) -> None:
    printed = gateway.run("api", "GET", "/system/status", *query)
    assert set(json.loads(printed.out)) == {"hostname", "version"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["GET", "/example"], 0, ""),
        (["GET", "/api/v1/example"], 0, ""),
        (["GET", "/nothing"], 1, "403 Forbidden"),
        (["DELETE", "/example"], 1, "404 Not Found"),
        (["PATCH", "/example"], 5, "500 Internal Server Error"),
        (["PUT", "/example", "-d", "{"], 2, "the data is not JSON: Expecting property name"),
        (["PUT", "/example", "-d", "NaN"], 2, "NaN is not a number in JSON"),
        (["PUT", "/example", "-d", "[" * 100_000], 2, "nested too deeply"),
        (["PUT", "/example", "-d", "@none.json"], 3, "cannot read none.json"),
        (["GET", "example"], 2, "'example' is not a resource\n hint: did you mean /example?"),
        (["GET", "https://x/api/v1/example"], 2, "hint: write only the resource, such as /thermostat"),
        (["G T", "/example"], 2, "'G T' is not a method"),
        (["GET", "/example", "-q", "a"], 2, "'a' is not KEY=VALUE"),
        (["GET", "/example", "moxa@x", "--url", "https://x"], 2, "two ways"),
        (["GET", "/example", "--save-token"], 2, "--save-token keeps the token of a --url"),
        (["GET", "/example", "--url", "https://127.0.0.1:1"], 3, "there is no API token for 127.0.0.1:1"),
        (["GET", "/example", "--url", "ftp://x"], 2, "does not begin with https://"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_exit_code_says_how_it_went(gateway: Emulated, arguments: list[str], code: int, told: str) -> None:
    printed = gateway.run("api", *arguments)
    assert printed.code == code
    assert told in printed.err
    assert bool(printed.err) is bool(code)


@pytest.mark.parametrize(
    ("status", "code"), [("201 Created", 0), ("302 Found", 1), ("408 Late", 1), ("500 Oh", 5), ("503 Oh", 5)]
)
def test_exit_code_follows_the_class_of_the_status(tmp_path: Path, status: str, code: int) -> None:
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    user = Emulated(home, "", "", tmp_path, None)  # type: ignore[arg-type]
    with server(tmp_path, says(http(status, b"{}", "Location: https://elsewhere"))) as other:
        printed = user.run("api", "GET", "/a", "--url", other.url, BUNDLEKIT_TOKEN="t0ken")
    assert (printed.code, printed.out) == (code, "{}\n")
    assert ("note: no answer came in time" in printed.err) is status.startswith("408")
    assert len(other.heard) == 1, "a redirection is not followed with the token"


def test_head_is_printed_before_the_body(gateway: Emulated) -> None:
    printed = gateway.run("api", "GET", "/system/time", "--include")
    head, _, body = printed.out.partition("\n\n")
    assert head.splitlines()[0] == "HTTP 200 OK"
    assert "content-type: application/json" in head
    assert json.loads(body)


def test_on_a_terminal_the_answer_is_indented_coloured_and_timed(gateway: Emulated) -> None:
    gateway.client.put("/example", {"key": "evil \x1b[2J\x9b \u202e"})
    output = pexpect.run(
        f"{sys.executable} -m bundlekit api GET /example",
        env=gateway.environment,
        encoding="utf-8",
        cwd=str(gateway.home),
    )
    assert "\x1b[32m\x1b[1m200 OK\x1b[0m" in output
    assert ' ms\r\n{\r\n  \x1b[34m"key"\x1b[0m: \x1b[32m"evil ' in output
    assert r"\u001b[2J\u009b \u202e" in output


@pytest.mark.parametrize(
    "value", [None, 0, -1.5e300, 'a"b\\:', ["\x7f\x85\ud800😀\U000e0001", True], {"a": {"b": []}, "": {}}, 10**400]
)
def test_what_is_shown_is_the_value_still(value: object) -> None:
    assert json.loads(pretty(value)) == value
    assert all(character.isprintable() or character == "\n" for character in pretty(value))
    painted = coloured(pretty(value))
    for code in (0, 32, 34, 35, 36):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == pretty(value)


def test_several_gateways_have_to_be_told_apart(tmp_path: Path) -> None:
    with emulated(tmp_path) as one, emulated(tmp_path, kind="gateway") as other:
        printed = one.run("api", "GET", "/system/status")
        assert printed.code == 2
        assert f"--url {one.url} (a run)" in printed.err
        assert f"--url {other.url} (a gateway)" in printed.err
        for running in (one, other):
            assert one.run("api", "GET", "/system/status", "--url", running.url).code == 0
        wrong = one.run("api", "GET", "/system/status", "--url", one.url, BUNDLEKIT_TOKEN="wrong")
        assert (wrong.code, wrong.err[:16]) == (1, "401 Unauthorized")


def test_emulated_gateway_is_known_by_whichever_name_of_the_loopback(gateway: Emulated) -> None:
    url = gateway.url.replace("127.0.0.1", "localhost")
    printed = gateway.run("api", "GET", "/system/time", "--url", url)
    assert (printed.code, printed.err) == (0, "")


def test_token_of_the_environment_goes_before_the_gateways_own(gateway: Emulated) -> None:
    assert gateway.run("api", "GET", "/system/time", BUNDLEKIT_TOKEN="wrong").code == 1
    assert gateway.run("api", "GET", "/system/time", BUNDLEKIT_TOKEN=gateway.token).code == 0


def test_unknown_gateway_is_remembered_and_refused_once_its_certificate_changes(
    gateway: Emulated, tmp_path: Path
) -> None:
    url = gateway.url.replace("127.0.0.1", "localhost")
    place = url.removeprefix("https://")
    asked = ["api", "GET", "/system/time", "--url", url]
    first = gateway.run(*asked, **NOBODY_KNOWN, BUNDLEKIT_TOKEN=gateway.token)
    assert first.code == 0
    assert first.err.startswith(f"note: {place} is new here; its certificate is trusted from now on: SHA-256 ")
    second = gateway.run(*asked, "--ask-token", given=gateway.token + "\n", **NOBODY_KNOWN)
    assert (second.code, second.err) == (0, "")
    (known,) = gateway.home.rglob("known_gateways")
    known.write_text(known.read_text().replace(place + " ", place + " 00:"))
    changed = gateway.run(*asked, **NOBODY_KNOWN, BUNDLEKIT_TOKEN=gateway.token)
    assert changed.code == 3
    assert "has changed" in changed.err
    assert f"remove the line of {place} from {known}" in changed.err
    assert gateway.token not in changed.err + first.err + second.err
    known.write_text("")
    assert gateway.run(*asked, **NOBODY_KNOWN, BUNDLEKIT_TOKEN=gateway.token).code == 0


def test_token_is_kept_in_the_keyring(gateway: Emulated, tmp_path: Path) -> None:
    (tmp_path / "backend.py").write_text(KEYRING)
    asked = ["api", "GET", "/system/time", "--url", gateway.url.replace("127.0.0.1", "localhost")]
    variables: dict[str, Any] = {
        **NOBODY_KNOWN,
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "backend.Keyring",
    }
    saved = gateway.run(*asked, "--ask-token", "--save-token", given=gateway.token, **variables)
    assert saved.code == 0
    assert "the keyring has the token of localhost:" in saved.err
    kept = json.loads((gateway.home / "keyring.json").read_text())
    assert kept == {f"bundlekit {asked[-1].removeprefix('https://')}": gateway.token}
    again = gateway.run(*asked, **variables)
    assert (again.code, again.err) == (0, "")


def test_no_keyring_says_what_to_do(gateway: Emulated) -> None:
    asked = ["api", "GET", "/system/time", "--url", gateway.url.replace("127.0.0.1", "localhost"), "--save-token"]
    backend = "keyring.backends.fail.Keyring"
    printed = gateway.run(*asked, **NOBODY_KNOWN, BUNDLEKIT_TOKEN=gateway.token, PYTHON_KEYRING_BACKEND=backend)
    assert printed.code == 3
    assert "the keyring of this machine cannot be used" in printed.err
    assert "without a keyring, set BUNDLEKIT_TOKEN" in printed.err
    assert gateway.token not in printed.err


def test_token_typed_on_a_terminal_is_not_shown(gateway: Emulated) -> None:
    url = gateway.url.replace("127.0.0.1", "localhost")
    line = ["-m", "bundlekit", "api", "GET", "/system/time", "--url", url, "--ask-token"]
    terminal = pexpect.spawn(sys.executable, line, env=gateway.environment, encoding="utf-8")
    terminal.expect("API token of localhost:.*: ")
    terminal.sendline(gateway.token)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert gateway.token not in str(terminal.before)


@pytest.mark.parametrize(
    "reader", [["--password-stdin", "moxa@127.0.0.1"], ["--ask-token", "--url", "https://127.0.0.1"]]
)
def test_standard_input_is_not_asked_for_two_things(gateway: Emulated, reader: list[str]) -> None:
    printed = gateway.run("api", "PUT", "/example", "-d", "-", *reader, given="a\nb\n")
    assert printed.code == 2
    assert "cannot be both" in printed.err


def test_gateway_that_has_ended_is_found_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with emulated(tmp_path) as running:
        assert running.run("api", "GET", "/system/time").code == 0
    monkeypatch.setattr("os.environ", user_environment(tmp_path))
    assert main(["api", "GET", "/system/time"]) == 3
