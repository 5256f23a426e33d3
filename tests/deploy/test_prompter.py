"""Where passwords come from, and who is asked; what the configuration says about that, and about the way there."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncssh
import click
import pytest

from bundlekit.cli import terminal
from bundlekit.cli.main import main
from bundlekit.cli.terminal import TerminalPrompter
from bundlekit.emulator.running import RunningGateway, announce
from bundlekit.errors import BadUsage, GatewayUnreachable, HostKeyRejected, LoginRefused
from bundlekit.ssh.address import Address
from bundlekit.ssh.connection import Connection
from bundlekit.ssh.tcp import connect
from tests.remote.hostile_server import HostileServer
from tests.ssh.sshd import Sshd
from tests.workstation import Printed

Kept = dict[str, str]
Run = Callable[..., Printed]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What the keyring has."""
    secrets: Kept = {}
    monkeypatch.setattr(terminal, "kept_secret", secrets.get)
    return secrets


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb against a hostile server, and nobody is there to be asked."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(server: HostileServer, verb: str) -> Printed:
        server.write_known_hosts(tmp_path)
        code = main([verb, f"moxa@127.0.0.1:{server.port}"])
        return Printed(code, *capsys.readouterr())

    return run


REFUSED_BY_SUDO = b"complaint\tSorry, try again.\ndone\tTOKEN\t1\n"


@pytest.mark.parametrize("verb", ["status", "doctor"])
def test_password_of_the_keyring_that_sudo_refuses_is_told_as_such(kept: Kept, run: Run, verb: str) -> None:
    with HostileServer({"probe": REFUSED_BY_SUDO, "token": REFUSED_BY_SUDO}) as gateway:
        name = f"moxa@127.0.0.1:{gateway.port}"
        kept[name] = "of-last-year"
        printed = run(gateway, verb)
    said = printed.out + printed.err
    assert gateway.passwords == ["of-last-year"]
    assert "sudo on the gateway does not accept the password" in said
    assert f"the keyring has that password: `bundlekit login {name}` stores another" in said
    assert f"`bundlekit login {name} --forget` deletes it" in said
    assert "of-last-year" not in said


def test_password_of_another_port_is_another_password(kept: Kept, run: Run) -> None:
    with HostileServer() as gateway:
        kept["moxa@127.0.0.1"] = "of-the-usual-port"
        printed = run(gateway, "status")
    assert printed.code == 3
    assert f"`bundlekit login moxa@127.0.0.1:{gateway.port}`" in printed.err
    assert not gateway.passwords


@pytest.mark.parametrize(("verb", "is_it"), [("status", True), ("status", False), ("doctor", True), ("doctor", False)])
def test_password_of_an_emulated_gateway_goes_to_that_one_alone(
    kept: Kept, run: Run, tmp_path: Path, verb: str, is_it: bool
) -> None:
    """Who listens on its port after it has ended has another key, even where known_hosts knows that one."""
    with HostileServer({"probe": REFUSED_BY_SUDO, "token": REFUSED_BY_SUDO}) as gateway:
        key = gateway.keys[0] if is_it else asyncssh.generate_private_key("ssh-ed25519")
        record = RunningGateway(
            kind="gateway",
            url="https://127.0.0.1:1",
            certificate=tmp_path,
            token_file=tmp_path,
            ssh=f"127.0.0.1:{gateway.port}",
            host_key=" ".join(key.export_public_key().decode().split()[:2]),
            password="its own",
        )
        kept[f"moxa@127.0.0.1:{gateway.port}"] = "of the keyring"
        with announce(record):
            printed = run(gateway, verb)
    assert gateway.passwords == (["its own"] if is_it else [])
    words = "is not the emulated gateway that runs there" if not is_it else "sudo on the gateway does not accept"
    assert words in printed.out + printed.err
    assert "its own" not in repr(record)


@pytest.mark.parametrize("secret", ["two\nlines", "a\0b", "\udcff"])
def test_what_the_keyring_has_that_is_no_password_is_sent_nowhere(kept: Kept, run: Run, secret: str) -> None:
    with HostileServer() as gateway:
        kept[f"moxa@127.0.0.1:{gateway.port}"] = secret
        printed = run(gateway, "status")
    assert printed.code == 3
    assert "is not a line of text" in printed.err
    assert not gateway.passwords


def test_nobody_is_asked_anything_in_batch_mode(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "can_ask", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: pytest.fail("somebody was asked"))
    monkeypatch.setattr(click, "confirm", lambda *_, **__: pytest.fail("somebody was asked"))
    prompter = TerminalPrompter(from_stdin=False, kept_as="moxa@gw", batch=True)
    with pytest.raises(LoginRefused, match="BatchMode"):
        prompter.password("moxa@gw")
    assert prompter.passphrase("/key") is None
    with pytest.raises(HostKeyRejected):
        prompter.trust_host_key("gw", "ssh-ed25519", "SHA256:x")
    kept["moxa@gw"] = "kept"
    assert prompter.password("moxa@gw") == "kept"


def test_typed_password_that_is_no_text_is_told_as_such(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "can_ask", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "gr\udcfcn")
    prompter = TerminalPrompter(from_stdin=False, kept_as="moxa@gw")
    assert not kept
    for ask in (prompter.password, prompter.passphrase):
        with pytest.raises(BadUsage, match="not text in UTF-8"):
            ask("moxa@gw")


def test_question_for_the_password_of_sudo_says_so_and_is_asked_once(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return "secret"

    monkeypatch.setattr(terminal, "can_ask", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    prompter = TerminalPrompter(from_stdin=False, kept_as="moxa@gw")
    assert not kept
    assert [prompter.password("moxa@gw", for_sudo=True) for _ in range(2)] == ["secret"] * 2
    assert asked == ["password of moxa@gw, for sudo"]


class Guesser:
    """Has a password each time, and never the right one."""

    given = None
    guesses = 0

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        self.guesses += 1
        return "wrong"

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        return None

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        return False


def test_password_is_tried_as_often_as_the_configuration_says(tmp_path: Path) -> None:
    sshd = Sshd(tmp_path / "sshd")
    sshd.config = [line.replace("PasswordAuthentication no", "PasswordAuthentication yes") for line in sshd.config]
    known = tmp_path / "known"
    known.write_text(sshd.known_as())
    address = Address("127.0.0.1", sshd.port, sshd.user, sshd.name, keys_count=False, known_hosts=(known,))
    with sshd:
        for often in (0, 1, 2):
            ask = Guesser()
            with pytest.raises(LoginRefused):
                Connection(replace(address, passwords=often), ask=ask, timeout=5)
            assert ask.guesses == often


def test_address_to_connect_from_and_family_are_as_configured() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address("127.0.0.1", listening.getsockname()[1], "moxa", "gw")
        with connect(replace(address, bind="127.0.0.2", family="inet"), 5):
            assert listening.accept()[1][0] == "127.0.0.2"
        with pytest.raises(GatewayUnreachable, match="leads nowhere"):
            connect(replace(address, family="inet6"), 5)
        with pytest.raises(GatewayUnreachable, match="cannot be reached"):
            connect(replace(address, bind="192.0.2.1"), 5)
