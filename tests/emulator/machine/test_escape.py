"""What is run over SSH, as root too, writes nowhere but in the state folder, and touches nothing of this host."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundlekit.emulator.machine.emulated_device import MARK, MARKED, EmulatedDevice, Options
from bundlekit.errors import CouldNotRun
from tests.emulator.machine.running import Gateway
from tests.rotation import in_turn

_PTRACE = "import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) != 0)"
_CONNECT = "import socket; socket.socket(socket.AF_UNIX).connect({address!r})"
_TCP = "import socket; socket.create_connection(({host!r}, {port}), 3)"


def _up(name: str) -> str:
    """From a path in the box to the root and beyond: an odd number of steps, for each second one leads back from
    a root that lies over another one."""
    return "/".join([".."] * (name.count("/") + 11))


ATTEMPTS = [
    "touch /usr/escaped",
    "touch /bin/escaped",
    "touch /lib/escaped",
    "touch {prefix}/escaped",
    "touch /etc/ssl/certs/escaped",
    "chmod 777 /usr/bin/env",
    "mount -o remount,rw /usr && touch /usr/escaped",
    "mount -o remount,bind,rw /usr && touch /usr/escaped",
    "umount /usr",
    "umount -l /proc",
    "mount --bind /usr /tmp/mnt && mount -o remount,bind,rw /tmp/mnt && touch /tmp/mnt/escaped",
    "unshare -Urm sh -c 'mount -o remount,bind,rw /usr && touch /usr/escaped'",
    "unshare -Urmpf sh -c 'mount -t proc proc /proc && echo x >/proc/sys/kernel/core_pattern'",
    "unshare -Urmpf sh -c 'umount -l /usr'",
    "mount -t proc proc /tmp/mnt",
    "mount -t sysfs sysfs /tmp/mnt",
    "mount -t cgroup2 cgroup2 /tmp/mnt",
    "mount -t devtmpfs devtmpfs /tmp/mnt",
    "unshare -C mount -t cgroup2 cgroup2 /tmp/mnt",
    "mknod /root/device b 8 0",
    "mknod /root/device c 1 1",
    "touch {canary}",
    "cat {canary}",
    "ls /proc/{pid}/root/",
    "touch /proc/1/root/{canary}",
    "ls /proc/1/cwd/ /proc/1/fd/ /proc/1/root/",
    "cat /proc/1/environ",
    "for process in /proc/[0-9]*; do touch $process/root{canary} && exit 0; done; exit 1",
    "cd / && touch ../../../../../..{canary}",
    "chroot /proc/1/root touch {canary}",
    "nsenter -t 1 -m -U touch {canary}",
    "pivot_root / /tmp/mnt",
    "kill -9 {pid}",
    "kill -9 {gateway}",
    "{python} -c '{ptrace}'",
    "{python} -c '{init}'",
    "{python} -c '{path_socket}'",
    "{python} -c '{abstract_socket}'",
    "{python} -c '{tcp}'",
    "echo x >/proc/sys/kernel/core_pattern",
    "echo h >/proc/sysrq-trigger",
    "echo 1 >/proc/sys/kernel/sysrq",
    "hostname escaped; hostname Moxa; exit 1",
]
# In the state folder, which whoever is root in the box may fill with links.
FOLDERS = [
    *("opt", "etc", "home", "home/moxa", "var", "var/log", "var/lib"),
    *("tmp", "root", "usr", "dev", "proc", "run", "bin"),
]


class Outside:
    """Things of this host that must stay as they are."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.canary = folder / "canary"
        self.canary.write_text("alive")
        self.process = subprocess.Popen(["sleep", "600"])
        self.sockets = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        self.path = str(folder / "socket")
        self.abstract = f"\0bundlekit-{os.getpid()}-{folder.name}"
        for each, address in zip(self.sockets, (self.path, self.abstract), strict=True):
            each.bind(address)
            each.listen()
        self.sockets.append(socket.create_server(("127.0.0.1", 0)))
        self.core_pattern = Path("/proc/sys/kernel/core_pattern").read_text()
        self.names = {
            "canary": str(self.canary),
            "prefix": sys.prefix,
            "pid": self.process.pid,
            "gateway": gateway.pid,
            "python": "python",
            "ptrace": _PTRACE.format(pid=self.process.pid),
            "init": _PTRACE.format(pid=1),
            "path_socket": _CONNECT.format(address=self.path).replace("'", '"'),
            "abstract_socket": _CONNECT.format(address=self.abstract).replace("'", '"'),
            "tcp": _TCP.format(host="127.0.0.1", port=self.sockets[-1].getsockname()[1]).replace("'", '"'),
        }

    def check(self) -> None:
        assert self.canary.read_text() == "alive"
        assert self.process.poll() is None
        assert Path("/proc/sys/kernel/core_pattern").read_text() == self.core_pattern
        assert socket.gethostname() != "escaped"
        for folder in ("/usr", "/usr/bin", "/usr/lib", sys.prefix, "/etc/ssl/certs"):
            assert not Path(folder, "escaped").exists()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for each in self.sockets:
            each.close()


@pytest.fixture(scope="module")
def outside(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    outside = Outside(tmp_path_factory.mktemp("outside"), gateway)
    assert gateway.ssh("mkdir /tmp/mnt").returncode == 0
    yield outside
    outside.close()


@pytest.mark.parametrize(("user", "attempt"), in_turn(("moxa", "root"), ATTEMPTS))
def test_nothing_leads_out(gateway: Gateway, outside: Outside, user: str, attempt: str) -> None:
    command = attempt.format(**outside.names)
    done = gateway.root(command) if user == "root" else gateway.ssh(command)
    outside.check()
    assert done.returncode not in (0, 255), done.stdout
    assert gateway.ssh("echo still here").stdout == "still here\n"


@pytest.mark.parametrize(("way", "name"), in_turn(("absolute", "relative"), FOLDERS))
def test_links_that_lie_in_the_folder_lead_nowhere_outside(tmp_path: Path, name: str, way: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    state = tmp_path / "state"
    (state / "root" / name).parent.mkdir(parents=True)
    (state / MARK).write_text(MARKED)
    (state / "root" / name).symlink_to(target if way == "absolute" else _up(name) + str(target))
    refused = asyncio.run(_refusal_of(EmulatedDevice(state, Options())))
    assert not refused or "sandbox" in refused or "machine" in refused
    assert list(target.iterdir()) == []


async def _refusal_of(box: EmulatedDevice) -> str:
    """Switch it on and off; why it does not come up, if it does not."""
    try:
        await box.start()
    except CouldNotRun as error:
        return str(error)
    await box.stop()
    return ""


def test_root_of_the_box_that_is_a_link_is_refused(tmp_path: Path) -> None:
    state, target = tmp_path / "state", tmp_path / "target"
    state.mkdir()
    target.mkdir()
    (state / MARK).write_text(MARKED)
    (state / "root").symlink_to(target)
    command = [sys.executable, "-m", "bundlekit", "gateway", "--state", str(state), "--port", "0", "--ssh-port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, list(target.iterdir())) == (3, [])
    assert "is not a folder" in done.stderr
