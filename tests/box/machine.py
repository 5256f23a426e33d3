"""What boxes with and without systemd have in common: a machine on a place of its own."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.box import place
from tests.box.base import PASSWORD, USER, Base, base
from tests.box.front import Front
from tests.box.host import as_root, root_prefix
from tests.box.processes import number_one

_PATIENCE = 60.0  # seconds; everything that is waited for takes well under one
_ENVIRONMENT = (
    "HOME=/root",
    "LANG=C.UTF-8",
    "LOGNAME=root",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)
# Cgroups of its own, so that several run side by side; /run/systemd/nspawn has to be a tmpfs.
_LAUNCH = """
name=$1; shift
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [ -w "$hierarchy/cgroup.procs" ]; then
        mkdir -p "$hierarchy/$name"
        echo $$ >"$hierarchy/$name/cgroup.procs"
    fi
done
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
exec systemd-nspawn -q --machine="$name" --network-namespace-path="/run/netns/$name" \\
    --hostname=Moxa --register=no --keep-unit --console=pipe --resolv-conf=off --timezone=off "$@"
"""

_RUN_LEVEL_2 = """
# Debian's init script of mosquitto only works where systemd has prepared the way.
install -d -o mosquitto /run/mosquitto /var/log/mosquitto
mosquitto -d -c /etc/mosquitto/mosquitto.conf
for script in /etc/rc2.d/S*; do $script start; done
exec sleep infinity
"""


class Machine:
    """A gateway that runs on this host. A context manager: started on entry, gone without a trace on exit.

    Attributes:
        address: where it listens, SSH on port 22, HTTPS on 443, MQTT on 1883.
        user, password: the log-in, which is sudo's password too.
    """

    port = 22
    user = USER
    password = PASSWORD
    program: tuple[str, ...]

    def __init__(self, *, disk: str | None = None) -> None:
        """Describe it.

        Args:
            disk: the size of its /opt, such as `24m`; None for as large as this host's.
        """
        self._base: Base = base()
        self._disk = disk
        self._place = place.take()
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._front: Front | None = None
        self.address = self._place.slot.address

    @property
    def root(self) -> Path:
        """Its file system on this host. Ordinary users see what they may see there."""
        return self._place.root

    @property
    def client_key(self) -> Path:
        """A private SSH key that its user may log in with."""
        return self._base.client_key

    @property
    def known_hosts(self) -> Path:
        return self._place.folder / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`; the box is called `gateway` in it."""
        return self._place.folder / "ssh_config"

    @property
    def console(self) -> Path:
        """What it has written on its console so far."""
        return self._place.folder / "console.log"

    def start(self) -> None:
        """Make it and boot it. Returns when SSH and the REST API answer."""
        try:
            self._place.make(self._base, self._disk)
            self._write_client_files()
            self.boot()
        except BaseException:
            self.stop()
            raise

    def boot(self) -> None:
        """Switch it on, after `start` and a `power_cut`. Returns when SSH and the REST API answer."""
        self._launch()
        front = self._front = Front(self._place)
        _wait("sshd", self._ssh_answers, self._alive)
        _wait("the REST front", front.answers, front.alive)

    def reboot(self) -> None:
        """Shut it down in order and switch it on again."""
        self._shut_down()
        self._off()
        self.boot()

    def power_cut(self) -> None:
        """Everything that runs in it is gone at once.

        A dying init closes its sockets a while before the kernel ends the others, who would notice and act.
        """
        self._place.hold()
        self._kill_init()
        self._place.let_host_go_on()
        self._off()

    def stop(self) -> None:
        """Throw it away with all that it left on this host. Does no harm twice."""
        if not self._place.slot.is_held:
            return  # the place may be another box's by now
        try:
            if self._nspawn and self._nspawn.poll() is None:
                self._place.kill()
            self._off()
        finally:
            self._place.clear()
            self._place.slot.release()

    def run(
        self, command: str, *, given: str = "", check: bool = True, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it as root.

        Args:
            given: its standard input.
            check: whether an exit status other than 0 is an error.
            timeout: in seconds.

        Raises:
            AssertionError: it failed, and `check` was not turned off.
        """
        done = subprocess.run(
            [*root_prefix(), *self._inside(), "env", "-i", "-C", "/root", *_ENVIRONMENT, "sh", "-c", command],
            check=False,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        assert not check or done.returncode == 0, (
            f"{command!r} ended with exit status {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def put(self, source: Path, target: str) -> None:
        """Copy a file or a folder of this host into it; root owns it there.

        Args:
            target: the new path inside; its folder is there already.
        """
        copied = ["cp", "--recursive", "--preserve=mode", "--no-target-directory", "--"]
        as_root([*copied, source, self.root / target.lstrip("/")])

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask its REST API, with its token.

        Args:
            path: the resource, such as `/example?x=1`.
            body: sent as JSON unless None.

        Returns:
            The status and the decoded body.
        """
        assert self._front
        return self._front.ask(method, path, body)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _shut_down(self) -> None:
        raise NotImplementedError

    def _launch(self) -> None:
        command = [*root_prefix(), "unshare", "--mount", "sh", "-euc", _LAUNCH, "launch"]
        arguments = [self._place.slot.name, f"--directory={self.root}", *self.program]
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )

    def _off(self) -> None:
        """Wait until it is off, and take down what goes with it."""
        if self._nspawn:
            self._nspawn.wait(_PATIENCE)
            self._nspawn = None
        if self._front:
            self._front.stop()
            self._front = None

    def _kill_init(self) -> None:
        as_root(["kill", "-KILL", str(self._init())])

    def _inside(self) -> list[str]:
        namespaces = ("mount", "uts", "ipc", "net", "pid", "cgroup")
        return ["nsenter", f"--target={self._init()}", *(f"--{namespace}" for namespace in namespaces), "--"]

    def _init(self) -> int:
        """The process that is number 1 inside."""
        assert self._nspawn, "it is switched off"
        if process := number_one(self._nspawn.pid):
            return process
        raise AssertionError(f"it does not run\n{self.console.read_text()}")

    def _alive(self) -> None:
        assert self._nspawn
        assert self._nspawn.poll() is None, f"it ended at once\n{self.console.read_text(errors='replace')}"

    def _ssh_answers(self) -> bool:
        with socket.create_connection((self.address, self.port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"

    def _write_client_files(self) -> None:
        keys = [f"{self.address} {key}\n" for key in self._base.host_keys]
        self.known_hosts.write_text("".join(keys))
        self.ssh_config.write_text(
            f"Host gateway {self.address}\n"
            f"    HostName {self.address}\n"
            f"    User {self.user}\n"
            f"    IdentityFile {self.client_key}\n"
            f"    IdentitiesOnly yes\n"
            f"    UserKnownHostsFile {self.known_hosts}\n"
        )


class Box(Machine):
    """A gateway with systemd."""

    program = ("--boot",)

    def _shut_down(self) -> None:
        self.run("systemctl reboot", check=False)  # it may be gone before it answers


class PlainBox(Machine):
    """A gateway without systemd: what has to run is started by the init scripts of run level 2."""

    program = ("--as-pid2", "/bin/sh", "-c", _RUN_LEVEL_2)

    def _shut_down(self) -> None:
        self.run("for script in /etc/rc6.d/K*; do $script stop; done; sync")
        self._kill_init()


def _wait(what: str, answers: Callable[[], bool], alive: Callable[[], None]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        alive()
        try:
            if answers():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"{what} does not answer"
        time.sleep(0.02)
