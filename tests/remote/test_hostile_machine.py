"""What others leave on a gateway, what somebody else's archive brings there, and the hunt for secrets on both ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.box.host import as_root
from tests.ssh.sshd import make_key
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

SECRET = "s3cr3t-w0rd-of-moxa"


def with_modes(bundle: Path, mode: int) -> Path:
    """An archive in which everything has a mode that no archive of ours has."""
    archive = bundle.with_suffix(".tar.gz")
    with (
        tarfile.open(fileobj=io.BytesIO(pack(Bundle.in_folder(bundle)).data)) as plain,
        tarfile.open(archive, "w:gz", format=tarfile.GNU_FORMAT) as odd,
    ):
        for member in plain:
            content = plain.extractfile(member)
            member.mode, member.uid = mode, 1000
            odd.addfile(member, content)
    return archive


def test_release_is_roots_alone_whatever_modes_its_archive_has(shared_workstation: Workstation) -> None:
    archive = with_modes(shared_workstation.sample(name="any-modes"), 0o7777)
    printed = shared_workstation.deploy(archive)
    assert printed.code == 0, printed.err
    found = "find /opt/bundlekit ! -type l ! -path '*/in*' '(' -perm /7022 -o ! -user root ')'"
    assert shared_workstation.machine.run(found).stdout == ""
    assert shared_workstation.machine.run("test -x /opt/bundlekit/bundles/any-modes/current/index.py").returncode == 0


@pytest.mark.parametrize("name", ["-rf", "--"])
def test_name_that_looks_like_an_option_is_a_name(shared_workstation: Workstation, name: str) -> None:
    printed = shared_workstation.deploy(shared_workstation.sample(name=name))
    assert printed.code == 0, printed.err
    assert shared_workstation.machine.api("GET", f"/{name}") == (200, {"key": "value"})
    assert "Register successfully" in shared_workstation.on_gateway("logs", "--bundle", name).out
    assert shared_workstation.on_gateway("remove", "--bundle", name, "--yes", "--purge").code == 0
    assert shared_workstation.machine.run("ls /opt/bundlekit/bundles").stdout.split().count(name) == 0


def test_tools_and_settings_of_whoever_logs_in_are_not_used_as_root(workstation: Workstation) -> None:
    """His own PATH and functions, and what a sudo that keeps too much would hand on."""
    workstation.machine.run(
        r"""
        mkdir /home/moxa/own; cd /home/moxa/own
        for tool in sudo tar python2.7 python sha256sum systemctl find; do
            printf '#!/bin/sh\n[ "$(id -u)" -ne 0 ] || touch /home/moxa/used\nexit 1\n' >$tool; chmod 755 $tool
        done
        printf '#!/bin/sh\ntouch /home/moxa/used\n' >sudo
        printf 'import os\nos.getuid() or open("/home/moxa/used", "w")\n' >sitecustomize.py
        cp sitecustomize.py fcntl.py
        printf '[ "$(id -u)" -ne 0 ] || touch /home/moxa/used\n' >start
        printf '%s\n' 'PATH=/home/moxa/own:$PATH IFS=/ CDPATH=/ TAR_OPTIONS=--no-such GZIP=--no-such' \
            'PYTHONPATH=/home/moxa/own ENV=/home/moxa/own/start BASH_ENV=/home/moxa/own/start' \
            'export PATH IFS CDPATH TAR_OPTIONS GZIP PYTHONPATH ENV BASH_ENV' \
            'sudo() { touch /home/moxa/used; }; export -f sudo' >/home/moxa/.bashrc
        chown -R moxa: /home/moxa
        echo 'Defaults env_keep += "PATH IFS CDPATH TAR_OPTIONS GZIP PYTHONPATH ENV BASH_ENV"' >/etc/sudoers.d/keep
        """
    )
    printed = workstation.deploy(workstation.sample())
    assert printed.code == 0, printed.err
    assert workstation.machine.run("ls /home/moxa/used", check=False).stdout == ""


def test_temporary_folder_that_is_full_or_runs_nothing_is_no_obstacle(workstation: Workstation) -> None:
    workstation.machine.run("mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp")
    printed = workstation.deploy(workstation.sample("0.0.1"))
    assert printed.code == 0, printed.err
    workstation.machine.run(
        "mount -t tmpfs -o size=64k,mode=1777 tmpfs /tmp; cat /dev/zero >/tmp/of-somebody-else || true"
    )
    printed = workstation.deploy(workstation.sample("0.0.2"))
    assert printed.code == 0, printed.err
    assert workstation.machine.run("ls -A /tmp /home/moxa | grep bundlekit || true").stdout == ""


WITNESS = "converse() {"  # a line of the script, which those who look for secrets have to find

WATCH = """
while [ -e /root/wanted ]; do
    grep -slF -D skip -f /root/wanted /tmp/*.*/* /tmp/* /home/moxa/*.*/* /run/* /run/lock/* /dev/shm/* /var/tmp/*
    sleep 0.02
done >/root/seen &
"""


@contextmanager
def watched(workstation: Workstation, secrets: tuple[str, ...]) -> Iterator[list[str]]:
    """Look for secrets again and again: in the arguments and the environment of every process, of this machine and of
    the gateway, and in files of both that are there for a moment only.

    Yields:
        Those that have a secret; and the script, once on its way, and once in a file.
    """
    over, found = threading.Event(), []
    wanted = [secret.encode() for secret in secrets]
    moments = workstation.home / "tmp"
    moments.mkdir()

    others = set(processes())  # nobody whom this test starts; to read them all again and again takes a processor

    def watch() -> None:
        while not over.wait(0.01):
            new = [process for process in processes() if process not in others]
            places = [f"/proc/{process}/{what}" for process in new for what in ("cmdline", "environ")]
            for place in [*places, *(entry.path for entry in os.scandir(moments))]:
                try:
                    with open(place, "rb") as stream:  # noqa: PTH123
                        seen = stream.read()
                except OSError:
                    continue
                if any(secret in seen for secret in wanted):
                    found.append(f"{place}: {seen.decode(errors='replace')}")
                elif b"gateway.sh" in seen and "gateway.sh" not in found:
                    found.append("gateway.sh")

    workstation.machine.run("cat >/root/wanted", given="".join(f"{secret}\n" for secret in (*secrets, WITNESS)))
    workstation.machine.run(f"nohup sh -c '{WATCH}' >/dev/null 2>&1")
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        workstation.machine.run("rm /root/wanted; sleep 0.1")
    seen = workstation.machine.run("sort -u /root/seen").stdout.split()
    found += sorted({"a file" if Path(file).name == "gateway.sh" else file for file in seen})


def processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - a hundred times faster


KEYRING = """
import os
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, name):
        with open(os.environ["KEPT"]) as stream:
            return dict(line.split("=", 1) for line in stream.read().splitlines()).get(name)

    def set_password(self, service, name, password):
        raise AssertionError("nothing is stored")
"""

# All that can be logged is logged, and a fault of ours can be had.
LOUD = """
import logging, os
logging.basicConfig(filename="all.log", level=logging.DEBUG)
if os.environ.get("FAULT"):
    import bundlekit.remote.channel as conversation
    conversation.Conversation.settle = lambda self: [][self]
"""

GATEWAY_LOUD = """
echo 'LogLevel DEBUG3' >>/etc/ssh/sshd_config && systemctl reload ssh
printf '%s\n' 'set -o history; HISTFILE=$HOME/.bash_history; shopt -s histappend; PROMPT_COMMAND="history -a"' \
    | tee ~moxa/.bashrc >/root/.bashrc
echo 'Defaults log_input, log_output, !log_passwords, logfile=/var/log/sudo.log' >/etc/sudoers.d/loud
"""


def test_no_secret_is_seen_or_left_on_either_end(
    workstation: Workstation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After a deploy, one that fails, a wrong password, Ctrl-C, and a fault of our own; with all that can be logged;
    with secrets from standard input, from the keyring, and from a terminal.
    """
    machine, passphrase, wrong = workstation.machine, "0pen-s3same-0f-my-key", SECRET[:-1] + "x"
    machine.run("chpasswd", given=f"moxa:{SECRET}\n")
    machine.run(GATEWAY_LOUD)
    token = machine.run("cat /etc/mx-api-token").stdout.strip()
    secrets = (SECRET, wrong, token, passphrase)
    (workstation.home / "sitecustomize.py").write_text(LOUD)
    locked = make_key(workstation.home / "locked", passphrase=passphrase)
    machine.run("cat >>~moxa/.ssh/authorized_keys", given=locked.with_suffix(".pub").read_text())
    kept = tmp_path_factory.mktemp("keyring") / "kept"
    kept.write_text(f"{locked}={passphrase}\nmoxa@{machine.address}={SECRET}\n")
    (workstation.home / "backend.py").write_text(KEYRING)
    environment = {
        **workstation.environment,
        **{"PYTHONPATH": str(workstation.home), "PYTHONFAULTHANDLER": "1"},
        **{"GITHUB_STEP_SUMMARY": str(workstation.home / "summary.md"), "TMPDIR": str(workstation.home / "tmp")},
        **{"PYTHON_KEYRING_BACKEND": "backend.Keyring", "KEPT": str(kept)},
    }
    said = ""

    def run(verb: str, *arguments: str, given: str | None = SECRET, stop_at: str = "", **more: str) -> int:
        nonlocal said
        client = subprocess.Popen(
            workstation.command(verb, *arguments, "gateway", *([] if given is None else ["--password-stdin"])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, **more},
            cwd=workstation.home,
            text=True,
        )
        assert client.stdin
        assert client.stdout
        client.stdin.write(f"{given or ''}\n")
        client.stdin.flush()
        while stop_at and (line := client.stdout.readline()):
            said += line
            if stop_at in line:
                client.send_signal(signal.SIGINT)
                break
        said += client.communicate(timeout=100)[0]
        return client.returncode

    def type_in(verb: str, *answers: str) -> int:
        """Answer what is asked on a terminal; the keyring has nothing."""
        nonlocal said
        command = workstation.command(verb, "gateway")
        terminal: pexpect.spawn[str] = pexpect.spawn(
            command[0],
            command[1:],
            env={**environment, "KEPT": "/dev/null"},
            cwd=str(workstation.home),
            encoding="utf-8",
        )
        for answer in answers:
            terminal.expect("(passphrase|password) of .*: ")
            said += str(terminal.before)
            terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
        said += str(terminal.before)
        terminal.close()
        return terminal.exitstatus or 0

    with watched(workstation, secrets) as found:
        assert run("deploy", "--bundle", str(workstation.sample("0.0.1")), "--format", "json") == 0, said
        assert run("api", "GET", "/example") == 0
        assert run("deploy", "--bundle", str(workstation.sample("0.0.2", before_main="raise RuntimeError"))) == 1
        assert run("status", given=wrong) == 3
        run("deploy", "--bundle", str(workstation.sample("0.0.3")), stop_at="unpack")
        workstation.write_config(f"IdentityFile {locked}")
        assert run("doctor", given=None) == 0, said
        assert run("status", given=None, FAULT="yes") == 3
        assert type_in("status", wrong, passphrase, SECRET) == 0, said
        assert said.count("fault of bundlekit") == 1
    assert found == ["gateway.sh", "a file"]
    assert len(list(workstation.home.glob(".local/state/bundlekit/crash-*.txt"))) == 1
    assert (workstation.home / "all.log").stat().st_size > 10_000
    assert (workstation.home / "summary.md").stat().st_size > 100
    here = "".join(path.read_text(errors="replace") for path in workstation.home.rglob("*") if path.is_file())
    assert [secret for secret in secrets if secret in said + here] == []
    wanted = "".join(f"{secret}\n" for secret in secrets)
    left = as_root(["grep", "-rlaF", "-f", "-", "--exclude-dir=usr", machine.root], given=wanted, check=False).stdout
    assert [Path(file).name for file in left.split()] == ["mx-api-token"]
    for look in ("grep -rlasF -D skip -f - /run /tmp /dev/shm", "journalctl -q --no-pager -o export | grep -aF -f -"):
        assert machine.run(look, given=wanted, check=False).stdout == ""
    file = machine.root / "etc" / "mx-api-token"
    assert as_root(["cat", file]).stdout.strip() == token
