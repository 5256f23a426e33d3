"""`bundlekit gateway` as it is typed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.cli import main
from bundlekit.emulator.machine.emulated_device import MARK, MARKED
from tests import fork_server
from tests.box.host import as_root
from tests.emulator.machine.running import Gateway
from tests.emulator.other_user import ADMITTED, NAME, USER_ID, try_broker


def typed(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run it where it is to end by itself."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(home)}
    return fork_server.run(["gateway", *arguments], given="", environment=environment, cwd=Path.cwd(), timeout=60)


def test_faults_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--faults", "help"]) == 0
    assert "slow=2s" in capsys.readouterr().out


WRONG = [
    (("--faults", "fire"), 2, "'fire' is not a fault"),
    (("--listen", "everywhere"), 2, "--listen everywhere is not an IP address"),
    (("--listen", "192.0.2.1"), 3, "hint: --listen takes an address of this machine"),
    (("--python", "/no/python"), 2, "/no/python is not a Python that can be run"),
    (("--password-stdin",), 2, "standard input has no password"),
    (("--password-stdin", "--password", "moxa"), 2, "--password and --password-stdin are two passwords"),
    (("--password", "secret"), 2, "'secret' is not 'moxa'"),
]


@pytest.mark.parametrize(("options", "code", "words"), WRONG)
def test_wrong_use_is_told_in_words(tmp_path: Path, options: tuple[str, ...], code: int, words: str) -> None:
    done = typed("--state", str(tmp_path / "state"), "--port", "0", "--ssh-port", "0", *options, home=tmp_path)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr


def test_python_for_which_the_home_would_have_to_be_shown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "python3x").symlink_to(sys.executable)
    options = ("--state", str(tmp_path / "state"), "--port", "0", "--ssh-port", "0", "--python", "~/python3x")
    done = typed(*options, home=tmp_path)
    assert done.returncode == 2
    assert "is directly in your home folder" in done.stderr
    assert os.path.realpath(sys.executable) in done.stderr


@pytest.mark.parametrize(("option", "other"), [("--ssh-port", "--port"), ("--port", "--ssh-port")])
def test_port_in_use_says_by_what_option_to_move(tmp_path: Path, option: str, other: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = typed("--state", str(tmp_path / "state"), option, port, other, "0", home=tmp_path)
    assert done.returncode == 3
    assert f"{option} sets another port" in done.stderr


def test_second_gateway_on_a_folder_says_so(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        done = typed("--state", str(gateway.state), "--port", "0", "--ssh-port", "0", home=tmp_path)
        assert done.returncode == 3
        assert f"already, as process {gateway.pid}" in done.stderr
        done = typed("--state", str(gateway.state), "--reset", "--yes", home=tmp_path)
        assert done.returncode == 3
        assert gateway.ssh("id -un").stdout == "moxa\n"


def test_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    for options in ([], ["--reset", "--yes"]):
        done = typed("--state", str(tmp_path), "--port", "0", "--ssh-port", "0", *options, home=tmp_path)
        assert done.returncode == 3
        assert "something else than an emulated gateway" in done.stderr
    assert (tmp_path / "precious").read_text() == "x"


def test_reset_asks_and_deletes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    with Gateway(tmp_path) as gateway:
        gateway.root("echo mine >/opt/mine; mkdir -p /opt/closed/in; chmod 0 /opt/closed; touch /var/x")
        gateway.root(f"ln -s {outside} /opt/link; ln -s {outside} /home/moxa/link")
        before = gateway.ssh("cat /opt/mine").stdout
    (gateway.state / "planted").symlink_to(outside)
    assert before == "mine\n"
    refused = typed("--state", str(gateway.state), "--reset", home=tmp_path)
    assert (refused.returncode, (gateway.state / "root/opt/mine").exists()) == (2, True)
    again = Gateway(tmp_path, "--reset", "--yes")
    with again:
        assert again.ssh("ls -A /opt").stdout == ""
    assert (outside / "precious").read_text() == "x"


def test_listening_beyond_this_machine_is_told_loudly(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--listen", "0.0.0.0") as gateway:
        pass
    assert f"warning: everybody who reaches 0.0.0.0:{gateway.port} can log in with the password moxa" in gateway.said
    with Gateway(tmp_path, "--listen", "0.0.0.0", password=None) as gateway:
        # By the address of the loopback, as it listens there too.
        assert gateway.bundlekit("status", f"moxa@127.0.0.1:{gateway.port}", given="").returncode == 0
    assert f"warning: everybody who reaches 0.0.0.0:{gateway.port} can try passwords" in gateway.said


def test_password_is_random_stays_and_is_found(tmp_path: Path) -> None:
    seen = []
    for options in ((), (), ("--reset", "--yes")):
        with Gateway(tmp_path, *options, password=None) as gateway:
            assert "warning" not in gateway.said
            seen.append(gateway._told(r"^SSH .*, password (\S+)$"))
            target = f"moxa@127.0.0.1:{gateway.port}"
            done = gateway.bundlekit("status", target, given="")  # host key and password are known, sudo's too
            assert (done.returncode, "no bundle is deployed" in done.stdout) == (0, True), done.stderr
            wrong = gateway.bundlekit("status", target, "--password-stdin", given="moxa\n")
            assert (wrong.returncode, "does not accept the password" in wrong.stderr) == (3, True)
    assert seen[0] == seen[1] != seen[2]
    assert not (tmp_path / ".ssh").exists()


def test_password_that_somebody_has_thought_up_is_kept_nowhere(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--password-stdin") as gateway:
        assert "secret" not in gateway.said
        holding = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
        assert not holding
        done = gateway.bundlekit("status", f"moxa@127.0.0.1:{gateway.port}", given="")
        assert (done.returncode, "asks for a password" in done.stderr) == (3, True)


def test_state_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    """Who made it could read all that is put there, and put other things in its place."""
    tmp_path.chmod(0o755)
    state = tmp_path / "state"
    state.mkdir()
    (state / MARK).write_text(MARKED)
    as_root(["chown", str(USER_ID), state])
    for options in ([], ["--reset", "--yes"]):
        done = typed("--state", str(state), "--port", "0", "--ssh-port", "0", *options, home=tmp_path)
        assert (done.returncode, "belongs to another user" in done.stderr) == (3, True), done.stderr
    as_root(["rm", "-r", state])


def test_another_user_gets_nothing_from_a_gateway(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):  # so that nothing keeps others out but what the gateway does itself
        if folder.owner() == tmp_path.owner() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o011)
    refused = f"refused a connection of user {NAME} (uid {USER_ID}) to the broker"
    with Gateway(tmp_path, "--mqtt-port", "0", "--network", "host", password=None) as gateway:
        socket_file = gateway._told(r"^broker +(\S+)$")
        tcp = gateway._told(r"^broker .*\n +127.0.0.1:(\d+)$")
        inside = gateway.ssh("echo $BROKER_PORT_1883_TCP_PORT").stdout.strip()
        assert len({tcp, inside, ""}) == 3
        assert try_broker(socket_file) == "b'PermissionError'"
        gateway.state.chmod(0o711)
        assert try_broker(socket_file) == "b'PermissionError'"
        for port in (tcp, inside):
            assert try_broker("127.0.0.1", port) in ("b''", "b'ConnectionResetError'")
            assert try_broker("127.0.0.1", port, prefix=()).startswith(ADMITTED[:-1])
        assert try_broker(socket_file, prefix=()).startswith(ADMITTED[:-1])
        files = [gateway.state / name for name in ("password", "mx-api-token", "key.pem", "ssh_host_ed25519_key")]
        files += (tmp_path / ".local/state/bundlekit/running").glob("*.json")
        read = as_root(["setpriv", f"--reuid={USER_ID}", "--clear-groups", "cat", *files], check=False)
        assert (read.stdout, read.stderr.count("Permission denied")) == ("", len(files))
    assert gateway.said.count(refused) == 1


def test_clients_find_it_by_themselves(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        done = gateway.bundlekit("api", "GET", "/system/status", "--fields", "hostname", given="")
        assert done.stdout.strip() == '{"hostname": "Moxa"}', done.stderr


def test_second_signal_does_not_wait(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        script = "#!/bin/sh\nexec sleep 60\n"
        gateway.root(f"printf '{script}' >/etc/init.d/slow; chmod 755 /etc/init.d/slow; update-rc.d slow defaults")
        assert gateway._process
        assert gateway._process.stderr
        gateway._process.send_signal(signal.SIGINT)
        while "ending" not in gateway._process.stderr.readline():
            pass
        assert gateway.stop() == 130
