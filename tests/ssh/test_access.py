"""Getting in: keys, passwords, sudo, host keys, and every way in which a gateway cannot be reached."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pexpect
import pytest

from bundlekit.ssh.transport import Stream, Transport
from tests.box.host import root_prefix
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway


def typed(workstation: Workstation, *arguments: str) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "bundlekit", *arguments],
        env=workstation.environment,
        cwd=str(workstation.home),
        encoding="utf-8",
    )


def test_password_is_asked_for_once_for_log_in_and_sudo_and_never_shown(shared_workstation: Workstation) -> None:
    shared_workstation.write_config()
    terminal = typed(shared_workstation, "status", "gateway")
    terminal.expect("password of moxa@.*: ")
    terminal.sendline(shared_workstation.machine.password)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert "systemd" in str(terminal.before)
    assert "password of" not in str(terminal.before)


def test_wrong_log_in_password(shared_workstation: Workstation) -> None:
    shared_workstation.write_config()
    printed = shared_workstation.on_gateway("status", given="wrong\n")
    assert printed.code == 3
    assert "does not accept the password" in printed.err
    assert "wrong" not in printed.err + printed.out


def test_wrong_sudo_password(shared_workstation: Workstation) -> None:
    printed = shared_workstation.on_gateway("status", given="wrong\n")
    assert printed.code == 3
    assert "sudo on the gateway does not accept the password of moxa@" in printed.err
    assert "wrong" not in printed.err + printed.out


def test_no_password_and_no_terminal_is_told_what_to_do(shared_workstation: Workstation) -> None:
    printed = shared_workstation.run("status", "gateway", given="")
    assert printed.code == 3
    assert "--password-stdin" in printed.err
    empty = shared_workstation.on_gateway("status", given="")
    assert empty.code == 2
    assert "standard input has no password" in empty.err


def test_terminal_shows_that_the_bundle_is_checked_before_anything_is_asked(shared_workstation: Workstation) -> None:
    bundle = shared_workstation.sample(name="seen-first")
    terminal = typed(shared_workstation, "deploy", "gateway", "--bundle", str(bundle))
    assert terminal.expect([f"check and pack {bundle}", "password of .*: "]) == 0
    terminal.expect("password of .*: ")
    terminal.close()


def test_pipe_shows_that_the_bundle_is_checked_before_anything_else(shared_workstation: Workstation) -> None:
    bundle = shared_workstation.sample(name="seen-in-a-pipe")
    printed = shared_workstation.run("deploy", "gateway", "--bundle", str(bundle), given="")
    assert printed.err.splitlines()[0] == f"- check and pack {bundle}"


@pytest.fixture
def locked_key(shared_workstation: Workstation) -> Path:
    """A key with a passphrase that the gateway accepts."""
    key = shared_workstation.home / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", key], check=True)
    shared_workstation.machine.run("cat >>~moxa/.ssh/authorized_keys", given=key.with_suffix(".pub").read_text())
    shared_workstation.write_config(f"IdentityFile {key}")
    return key


def test_key_with_a_passphrase_and_no_terminal_is_told_what_to_do(
    shared_workstation: Workstation, locked_key: Path
) -> None:
    printed = shared_workstation.run("status", "gateway", given="")
    assert printed.code == 3
    assert f"ssh-add {locked_key}" in printed.err
    assert f"{locked_key}: its passphrase is not known" in printed.err


def test_passphrase_is_asked_for_until_it_is_right(shared_workstation: Workstation, locked_key: Path) -> None:
    terminal = typed(shared_workstation, "status", "gateway")
    terminal.expect_exact(f"passphrase of {locked_key}: ")
    terminal.sendline("wrong")
    terminal.expect("that is not its passphrase")
    terminal.expect("passphrase of .*: ")
    terminal.sendline("open sesame")
    terminal.expect("password of .*: ")  # of sudo
    terminal.sendline(shared_workstation.machine.password)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert "sesame" not in str(terminal.before)


def test_passphrase_of_a_key_that_the_gateway_does_not_know_is_not_asked_for(shared_workstation: Workstation) -> None:
    key = shared_workstation.home / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", key], check=True)
    shared_workstation.write_config(f"IdentityFile {key}")
    terminal = typed(shared_workstation, "status", "gateway")
    assert terminal.expect(["password of .*: ", "passphrase of"]) == 0
    terminal.sendline(shared_workstation.machine.password)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_password_is_asked_for_again_when_it_is_wrong(shared_workstation: Workstation) -> None:
    shared_workstation.write_config()
    terminal = typed(shared_workstation, "status", "gateway")
    terminal.expect("password of moxa@.*: ")
    terminal.sendline("wrong")
    terminal.expect("does not accept it")
    terminal.expect("password of moxa@.*: ")
    terminal.sendline(shared_workstation.machine.password)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1
    file = pathlib.Path(os.environ["HOME"], "kept.json")
    def get_password(self, service, name):
        return json.loads(self.file.read_text()).get(f"{service} {name}")
    def set_password(self, service, name, password):
        raise AssertionError("nothing is stored")
"""


def keep(workstation: Workstation, **secrets: str) -> None:
    """Give the workstation a keyring that has something."""
    folder = workstation.home / ".config" / "python_keyring"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backend.py").write_text(KEYRING)
    (folder / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring=backend.Keyring\nkeyring-path={folder}\n")
    (workstation.home / "kept.json").write_text(
        json.dumps({f"bundlekit {name}": secret for name, secret in secrets.items()})
    )


def test_keyring_has_the_password_and_the_passphrase(shared_workstation: Workstation, locked_key: Path) -> None:
    account = f"moxa@{shared_workstation.machine.address}"
    keep(shared_workstation, **{str(locked_key): "open sesame", account: shared_workstation.machine.password})
    printed = shared_workstation.run("doctor", "gateway", given="")
    assert printed.code == 0, printed.out
    assert f"gets in by the key {locked_key}" in printed.out
    assert "becomes root" in printed.out
    keep(shared_workstation, **{account: "old"})
    shared_workstation.write_config()
    refused = shared_workstation.run("status", "gateway", given="")
    assert refused.code == 3
    assert "does not accept the password that the keyring has" in refused.err
    assert "`bundlekit login gateway` stores another" in refused.err
    assert "old" not in refused.err.split()


def test_sudo_without_password_asks_for_none(workstation: Workstation) -> None:
    workstation.machine.run("echo 'moxa ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/moxa")
    printed = workstation.run("deploy", "gateway", "--bundle", str(workstation.sample()), given="")
    assert printed.code == 0, printed.err


def test_log_in_as_root_needs_no_sudo(workstation: Workstation) -> None:
    workstation.machine.run(
        "mkdir -p /root/.ssh && cp ~moxa/.ssh/authorized_keys /root/.ssh/ && mv /usr/bin/sudo /root/"
        " && rm -f /etc/ssh/sshd_config.d/*"
        " && sed -i 's/^PermitRootLogin.*//' /etc/ssh/sshd_config && echo 'PermitRootLogin yes' >>/etc/ssh/sshd_config"
        " && systemctl restart ssh"
    )
    printed = workstation.run("deploy", "root@gateway", "--bundle", str(workstation.sample()), given="")
    assert printed.code == 0, printed.err


def test_user_who_may_not_become_root(workstation: Workstation) -> None:
    workstation.machine.run("gpasswd -d moxa sudo")
    printed = workstation.on_gateway("status")
    assert printed.code == 3
    assert "may not become root with sudo" in printed.err


def test_unknown_host_key_is_shown_asked_for_and_remembered(shared_workstation: Workstation) -> None:
    shared_workstation.known_hosts.write_text("# mine\n|1|bad|line ssh-ed25519 AAAA")
    terminal = typed(shared_workstation, "status", "gateway")
    terminal.expect(r"do you trust it\? \[y/N\]: ")
    shown = str(terminal.before).split("fingerprint")[1].split()[0]
    terminal.sendline("y")
    terminal.expect("password of")
    terminal.sendline(shared_workstation.machine.password)
    terminal.expect(pexpect.EOF)
    lines = shared_workstation.known_hosts.read_text().splitlines()
    assert lines[:2] == ["# mine", "|1|bad|line ssh-ed25519 AAAA"]
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-F", shared_workstation.machine.address, "-f", shared_workstation.known_hosts],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown in listed.stdout
    assert shared_workstation.on_gateway("status").code == 0


def test_unknown_host_key_without_a_terminal_needs_a_word(shared_workstation: Workstation) -> None:
    shared_workstation.known_hosts.unlink()
    refused = shared_workstation.on_gateway("status")
    assert refused.code == 3
    assert "is not known: " in refused.err
    assert "SHA256:" in refused.err
    assert not shared_workstation.known_hosts.exists()
    accepted = shared_workstation.on_gateway("status", "--accept-new-host-key")
    assert accepted.code == 0, accepted.err
    assert shared_workstation.on_gateway("status").code == 0


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_changed_host_key_stops_everything_before_a_password_is_sent(
    shared_workstation: Workstation, kind: str
) -> None:
    other = shared_workstation.home / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", other], check=True)
    public = " ".join((shared_workstation.home / "other.pub").read_text().split()[:2])
    shared_workstation.known_hosts.write_text(f"{shared_workstation.machine.address} {public}\n")
    printed = shared_workstation.on_gateway("status", "--accept-new-host-key")
    assert printed.code == 3
    assert "has changed" in printed.err
    assert "no password and no file was sent" in printed.err
    assert "ssh-keygen -R" in printed.err


def test_hashed_known_hosts_count(shared_workstation: Workstation) -> None:
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", shared_workstation.known_hosts], check=True, capture_output=True)
    assert shared_workstation.machine.address not in shared_workstation.known_hosts.read_text()
    assert shared_workstation.on_gateway("status").code == 0


def test_proxy_command_of_the_ssh_configuration_is_used(shared_workstation: Workstation) -> None:
    relay = shared_workstation.home / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while part := os.read(0, 65536): s.sendall(part)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while part := s.recv(65536): os.write(1, part)\n"
    )
    shared_workstation.write_config(
        f"IdentityFile {shared_workstation.machine.client_key}", f"ProxyCommand {sys.executable} {relay} %h %p"
    )
    printed = shared_workstation.on_gateway("status")
    assert printed.code == 0, printed.err


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_port_that_refuses(server: socket.socket, shared_workstation: Workstation) -> None:
    port = server.getsockname()[1]
    server.close()
    printed = shared_workstation.run("status", f"moxa@127.0.0.1:{port}")
    assert (printed.code, "refuses connections" in printed.err) == (3, True)


def test_server_that_is_not_ssh(server: socket.socket, shared_workstation: Workstation) -> None:
    def answer() -> None:
        client, _ = server.accept()
        with client:
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)

    threading.Thread(target=answer, daemon=True).start()
    printed = shared_workstation.run("status", f"moxa@127.0.0.1:{server.getsockname()[1]}")
    assert printed.code == 3
    assert "answers, but not as an SSH server does" in printed.err


def test_broken_connection_is_told_without_parsing_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many break at the same time, and `ast.parse` of CPython 3.11 fails where several threads are in it."""
    ours, theirs = socket.socketpair()
    parsed: list[object] = []
    with ours, theirs, monkeypatch.context() as patch:
        patch.setattr(ast, "parse", parsed.append)
        theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)
        transport = Transport(ours)
        with pytest.raises(paramiko.SSHException, match="protocol version"):
            transport.start_client(timeout=20)
        transport.join(20)
    assert not parsed


def test_quiet_connection_ends_as_it_is_closed(server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bundlekit.ssh.transport._LOOKS", 600.0)
    quiet = Transport(Stream(socket.create_connection(server.getsockname())))  # type: ignore[arg-type]
    quiet.calm_down()
    quiet.start_client(event=threading.Event())
    quiet.close()
    quiet.join(60)
    assert not quiet.is_alive()


def test_server_that_says_nothing(server: socket.socket, shared_workstation: Workstation) -> None:
    printed = shared_workstation.run("status", f"moxa@127.0.0.1:{server.getsockname()[1]}", "--timeout", "1")
    assert printed.code == 3
    assert "answers, but not as an SSH server does" in printed.err


@pytest.mark.parametrize(
    ("target", "message"),
    [("moxa@gateway.invalid", "leads nowhere"), ("moxa@198.18.255.254", "cannot be reached")],
)
def test_name_or_address_that_leads_nowhere(shared_workstation: Workstation, target: str, message: str) -> None:
    offline = (*root_prefix(), "unshare", "--net")
    printed = shared_workstation.run("status", target, prefix=offline)
    assert printed.code == 3
    assert message in printed.err
    assert "hint: " in printed.err


def test_folder_that_is_no_bundle_is_told_before_the_gateway_is_asked(
    tmp_path: Path, shared_workstation: Workstation
) -> None:
    printed = shared_workstation.run("deploy", "moxa@127.0.0.1:1", "--bundle", str(tmp_path))
    assert printed.code == 3
    assert "it has no bundle.json" in printed.err
    assert "refuses connections" not in printed.err
