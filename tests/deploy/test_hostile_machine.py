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

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.box.host import as_root
from tests.desk import Desk

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


def test_release_is_roots_alone_whatever_modes_its_archive_has(shared_desk: Desk) -> None:
    archive = with_modes(shared_desk.sample(name="any-modes"), 0o7777)
    printed = shared_desk.deploy(archive)
    assert printed.code == 0, printed.err
    found = "find /opt/bundlekit ! -type l ! -path '*/in*' '(' -perm /7022 -o ! -user root ')'"
    assert shared_desk.machine.run(found).stdout == ""
    assert shared_desk.machine.run("test -x /opt/bundlekit/bundles/any-modes/current/index.py").returncode == 0


@pytest.mark.parametrize("name", ["-rf", "--"])
def test_name_that_looks_like_an_option_is_a_name(shared_desk: Desk, name: str) -> None:
    printed = shared_desk.deploy(shared_desk.sample(name=name))
    assert printed.code == 0, printed.err
    assert shared_desk.machine.api("GET", f"/{name}") == (200, {"key": "value"})
    assert "Register successfully" in shared_desk.on_gateway("logs", "--bundle", name).out
    assert shared_desk.on_gateway("remove", "--bundle", name, "--yes", "--purge").code == 0
    assert shared_desk.machine.run("ls /opt/bundlekit/bundles").stdout.split().count(name) == 0


def test_tools_and_settings_of_whoever_logs_in_are_not_used_as_root(desk: Desk) -> None:
    """His own PATH and functions, and what a sudo that keeps too much would hand on."""
    desk.machine.run(
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
    printed = desk.deploy(desk.sample())
    assert printed.code == 0, printed.err
    assert desk.machine.run("ls /home/moxa/used", check=False).stdout == ""


def test_temporary_folder_that_is_full_or_runs_nothing_is_no_obstacle(desk: Desk) -> None:
    desk.machine.run("mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp")
    printed = desk.deploy(desk.sample("0.0.1"))
    assert printed.code == 0, printed.err
    desk.machine.run("mount -t tmpfs -o size=64k,mode=1777 tmpfs /tmp; cat /dev/zero >/tmp/of-somebody-else || true")
    printed = desk.deploy(desk.sample("0.0.2"))
    assert printed.code == 0, printed.err
    assert desk.machine.run("ls -A /tmp /home/moxa | grep bundlekit || true").stdout == ""


@contextmanager
def watched_processes(secrets: tuple[str, ...]) -> Iterator[list[str]]:
    """Look at the arguments and the environment of every process, of this machine and of the gateway, again and again.

    Yields:
        Those that have a secret, and the last thing that was seen.
    """
    over, found = threading.Event(), []
    wanted = [secret.encode() for secret in secrets]

    def watch() -> None:
        while not over.is_set():
            for process in os.listdir("/proc"):  # noqa: PTH208 - a hundred times faster
                if not process.isdigit():
                    continue
                for what in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{process}/{what}", "rb") as stream:  # noqa: PTH123
                            seen = stream.read()
                    except OSError:
                        continue
                    if any(secret in seen for secret in wanted):
                        found.append(seen.decode(errors="replace"))
                    elif b"gateway.sh" in seen and "gateway.sh" not in found:
                        found.append("gateway.sh")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def test_no_secret_is_seen_or_left_on_either_end(desk: Desk) -> None:
    """After a deploy, one that fails, a wrong password, Ctrl-C, and a fault of our own; with all that can be logged."""
    machine = desk.machine
    machine.run("chpasswd", given=f"moxa:{SECRET}\n")
    token = machine.run("cat /etc/mx-api-token").stdout.strip()
    (desk.home / "sitecustomize.py").write_text(
        "import logging\nlogging.basicConfig(filename='all.log', level=logging.DEBUG)\n"
        "import os\nif os.environ.get('FAULT'):\n"
        "    import bundlekit.deploy.conversation as c\n"
        "    c.Conversation.settle = lambda self: [][self]\n"
    )
    loud = {"PYTHONPATH": str(desk.home), "PYTHONFAULTHANDLER": "1", "PYTHONDEVMODE": "1"}
    said = ""

    def run(verb: str, *arguments: str, given: str = SECRET, stop_at: str = "", **more: str) -> int:
        nonlocal said
        client = subprocess.Popen(
            desk.command(verb, *arguments, "gateway", "--password-stdin"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**desk.environment, **loud, **more},
            cwd=desk.home,
            text=True,
        )
        assert client.stdin
        assert client.stdout
        client.stdin.write(f"{given}\n")
        client.stdin.flush()
        while stop_at and (line := client.stdout.readline()):
            said += line
            if stop_at in line:
                client.send_signal(signal.SIGINT)
                break
        said += client.communicate(timeout=100)[0]
        return client.returncode

    with watched_processes((SECRET, token)) as found:
        assert run("deploy", "--bundle", str(desk.sample("0.0.1"))) == 0, said
        assert run("api", "GET", "/example") == 0
        assert run("deploy", "--bundle", str(desk.sample("0.0.2", before_main="raise RuntimeError"))) == 1
        assert run("status", given=SECRET[:-1] + "x") == 3
        run("deploy", "--bundle", str(desk.sample("0.0.3")), stop_at="unpack")
        assert run("status", FAULT="1") == 3
        assert "fault of bundlekit" in said
    assert found == ["gateway.sh"]
    assert list(desk.home.glob(".local/state/bundlekit/crash-*.txt"))
    assert (desk.home / "all.log").stat().st_size > 10_000
    here = "".join(path.read_text(errors="replace") for path in desk.home.rglob("*") if path.is_file())
    for secret in (SECRET, SECRET[:-1] + "x", token):
        assert secret not in said
        assert secret not in here
        left = as_root(["grep", "-rlaF", "--exclude-dir=usr", "--", secret, str(machine.root)], check=False).stdout
        assert [Path(file).name for file in left.split()] == (["mx-api-token"] if secret == token else [])
        assert machine.run("journalctl -q --no-pager | grep -cF -f -", given=f"{secret}\n", check=False).stdout == "0\n"
