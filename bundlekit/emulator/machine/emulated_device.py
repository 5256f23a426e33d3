"""A gateway that stands on its own: the emulated one, with a machine, and an SSH server before it."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.emulator import fault_injection as bad_days
from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.builtin.system import KeptSystem
from bundlekit.emulator.fault_injection import NO_FAULTS, Faults
from bundlekit.emulator.files import write_secret
from bundlekit.emulator.gateway import ANY_PORT, EmulatedGateway
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.machine import host
from bundlekit.emulator.machine.machine import Machine
from bundlekit.emulator.machine.watching import Watch
from bundlekit.emulator.relay import Relay, carry
from bundlekit.emulator.sdk.environment import environment
from bundlekit.errors import CouldNotRun, Taken
from bundlekit.io import replacing

if TYPE_CHECKING:
    from bundlekit.emulator.machine.ssh import SshServer

ROOT = "root"  # in the state folder: the machine's own files
LOG = "machine.log"
_BROKER = "broker"  # a Unix socket there
_PASSWORD = "password"  # noqa: S105 - the name of a file there
_PASSWORD_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # noqa: S105 - none that is taken for another one
_LOCK = "lock"
MARK = "bundlekit-gateway"  # a state folder has it from its beginning
MARKED = "The state of an emulated gateway of bundlekit. `bundlekit gateway --reset` deletes all in this folder.\n"
_OURS = ("lock", "tokens.json", ".tokens.json.lock")  # nothing else: it was left early, or has but a token yet
_OLDER = ("lock", "certificate.pem", "key.pem", "mx-api-token")  # what one has that was made before there was a mark
_BROKER_PORT, _API_PORT = 1883, 443  # of a gateway
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_AWAY = 1.0  # seconds that a broker takes to restart


@dataclass(frozen=True)
class Options:
    """How a box is to be.

    Attributes:
        ssh, https: where it listens; port 0 is any free one.
        mqtt: where programs of this machine reach its broker by TCP; None for nowhere.
        http: for plain HTTP besides; None for none.
        python: what its bundles run under; None for what this host has.
        password: of its user; None for a random one that stays in the state folder.
        own_network: whether it has a network of its own, out of which nothing leads.
    """

    ssh: SocketAddress = ANY_PORT
    https: SocketAddress = ANY_PORT
    mqtt: SocketAddress | None = None
    http: SocketAddress | None = None
    python: str | None = None
    password: str | None = field(default=None, repr=False)
    own_network: bool = True
    faults: Faults = NO_FAULTS


class EmulatedDevice(Service):
    """A gateway with an SSH server, whose bundles are those that are deployed to it.

    Args:
        state: its folder.
        tell: hears of what happens, a line each.
    """

    def __init__(self, state: Path, options: Options, tell: Callable[[str], None] = lambda _: None) -> None:
        self.state = state
        self.options = options
        self._tell = tell
        self._parts = AsyncExitStack()
        self._tasks = Tasks()
        self._front: Relay | None = None
        self._mqtt: Relay | None = None

    async def start(self) -> None:
        """Returns when everything in it answers, and what is deployed has been started.

        Raises:
            Taken: another one lives in the folder.
            CannotListen: a port is taken.
            CouldNotRun: this host makes no machines, or the disk with the folder is full.
        """
        try:
            await self._start()
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError) and error.errno in _FULL:
                raise CouldNotRun(
                    f"cannot write in {self.state}: {error.strerror}",
                    hint="make room, or give a folder on another disk with --state",
                ) from error
            raise

    async def stop(self) -> None:
        await self._tasks.stop()
        await self._parts.aclose()

    @property
    def ssh_address(self) -> SocketAddress:
        return self._front.address if self._front else self.ssh.address

    @property
    def brokers(self) -> list[SocketAddress]:
        """Where programs of this machine reach the broker."""
        return [SocketAddress(str(self.state.resolve() / _BROKER), 0), *([self._mqtt.address] if self._mqtt else [])]

    @property
    def host_key(self) -> str:
        """The key that SSH shows, as a line of known_hosts has it after the names."""
        return " ".join(self.ssh.host_key.export_public_key().decode().split()[:2])

    def known_hosts(self, host: str) -> Path:
        """A file by which OpenSSH knows this gateway; made anew.

        Args:
            host: how the client calls it.
        """
        file = self.state / "known_hosts"
        file.write_text(f"[{host}]:{self.ssh_address.port} {self.host_key}\n")
        return file

    async def _start(self) -> None:
        from bundlekit.emulator.machine.ssh import SshServer

        start = self._parts.enter_async_context
        options, faults = self.options, self.options.faults
        self._parts.enter_context(claimed(self.state))
        python = await asyncio.to_thread(host.interpreter, options.python)
        self.password = options.password or kept_password(self.state)
        self.system = BoxSystem(self.state, self._reboot)
        self.gateway = await start(
            EmulatedGateway(
                self.state,
                mqtt=self.brokers[0],
                listen=options.https,
                http=options.http,
                system=self.system,
                tell=self._tell,
            )
        )
        admits = self.gateway.admits
        if options.mqtt:
            self._mqtt = await start(Relay(options.mqtt, self.gateway.broker, admits=admits, what="MQTT"))
        api = _loopback(SocketAddress(*_split(self.gateway.url)))
        carries = bad_days.on_packets(*faults.answers) if faults.answers else carry
        way = Relay(ANY_PORT, self.gateway.broker, carries, admits=admits) if not options.own_network else None
        self._ways: list[Relay] = []

        def to_broker(listening: object) -> Relay:
            relay = Relay(listening, self.gateway.broker, carries)  # type: ignore[arg-type]
            self._ways[:] = [relay]
            return relay

        if way:
            await start(way)
            self._ways.append(way)
        broker = way.address if way else SocketAddress("127.0.0.1", _BROKER_PORT)
        self.root = make_root(self.state)
        self.machine = Machine(
            lambda: host.machine_spec(
                self.root,
                python=python,
                environment=environment(broker, {}),
                hostname=self.system.hostname,
                token=self.gateway.token,
                password=self.password,
                own_network=options.own_network,
                disk=faults.disk,
            ),
            log=self.state / LOG,
            relays={_BROKER_PORT: to_broker, _API_PORT: lambda listening: Relay(listening, api)},
            tell=self._tell,
        )
        self.python = python
        await start(self.machine)
        self.system.machine = self.machine
        await start(Watch(self.gateway, self.machine, self._tell))
        self.ssh: SshServer = await start(
            SshServer(
                self.machine,
                self.state,
                listen=ANY_PORT if faults.ssh_cut is not None else options.ssh,
                password=self.password,
                ways={_API_PORT: api},
                old=faults.old_ssh,
                tell=self._tell,
            )
        )
        if faults.ssh_cut is not None:
            cut = bad_days.cut_after(faults.ssh_cut, lambda: self._tell("fault: cuts an SSH connection"))
            self._front = await start(Relay(options.ssh, self.ssh.address, cut))
        if faults.broker_restart is not None:
            self._tasks.start(bad_days.again_and_again(faults.broker_restart, self._restart_broker))

    async def _reboot(self) -> None:
        self.ssh.cut()
        await self.machine.reboot()

    async def _restart_broker(self) -> None:
        """For those in the machine: their connections break off, and new ones do for a while."""
        self._tell("fault: the broker restarts")
        for way in self._ways:
            await way.cut()
            way.is_away = True
        await asyncio.sleep(_AWAY)
        for way in self._ways:
            way.is_away = False


class BoxSystem(KeptSystem):
    """The settings of a box; its machine goes by its name."""

    machine: Machine | None = None

    @property
    def hostname(self) -> str:
        return super().hostname

    @hostname.setter
    def hostname(self, name: str) -> None:
        KeptSystem.hostname.fset(self, name)  # type: ignore[attr-defined]
        if self.machine:
            self.machine.set_hostname(name)


@contextmanager
def claimed(state: Path) -> Iterator[None]:
    """Have a state folder for oneself; it is made where there is none.

    Raises:
        Taken: somebody else has it.
        CouldNotRun: it is a folder of something else.
    """
    check_is_ours(state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    if not (state / MARK).exists():
        with replacing(state / MARK) as stream:  # a part of it, on a full disk, would not make the folder ours
            stream.write(MARKED.encode())
    descriptor = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise Taken(
                f"an emulated gateway runs in {state} already{f', as process {who}' if who else ''}",
                hint="use that gateway, or give this one another folder with --state",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_is_ours(state: Path) -> None:
    """See to it that a folder is the state of an emulated gateway, or empty, or not there.

    Raises:
        CouldNotRun: it is something else.
    """
    if not state.exists() and not state.is_symlink():
        return
    if not state.is_dir():
        raise CouldNotRun(f"{state} is not a folder", hint="give another folder with --state")
    if state.stat().st_uid != os.geteuid():  # who could read what is put there, and put other things in its place
        raise CouldNotRun(
            f"{state} belongs to another user", kept="it was left as it is", hint="give another folder with --state"
        )
    if not _is_marked(state) and not all(entry.name in _OURS for entry in state.iterdir()):
        raise CouldNotRun(
            f"{state} holds something else than an emulated gateway",
            kept="it was left as it is",
            hint="give a folder with --state that is empty or not there yet",
        )


def _is_marked(state: Path) -> bool:
    mark = state / MARK
    if mark.is_file() and not mark.is_symlink():
        return mark.read_text(errors="replace") == MARKED
    return all((state / name).is_file() for name in _OLDER)


def clear(state: Path) -> None:
    """Delete all that a state folder holds that the caller has claimed; no symbolic link is followed."""

    def open_up(function: Callable[[str], object], path: str, _: object) -> None:
        # Root in the machine may have closed a folder.
        Path(path).parent.chmod(0o700)
        if not Path(path).is_symlink() and Path(path).is_dir():
            Path(path).chmod(0o700)
            shutil.rmtree(path)
        else:
            function(path)

    for entry in state.iterdir():
        if entry.name in (_LOCK, MARK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, onerror=open_up)
        else:
            entry.unlink()


def make_root(state: Path) -> Path:
    """The folder of the machine's own files.

    Raises:
        CouldNotRun: something else is in its place.
    """
    root = state.resolve() / ROOT
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise CouldNotRun(f"{root} is not a folder", hint="move it away, or start again with --reset")
    root.mkdir(mode=0o755, exist_ok=True)
    return root


def kept_password(state: Path) -> str:
    """The password of a gateway that was given none: random, made at its first start."""
    file = state / _PASSWORD
    kept = file.read_text(encoding="ascii", errors="replace").strip() if file.exists() else ""
    if not kept:
        groups = ("".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(4)) for _ in range(4))
        kept = "-".join(groups)
        write_secret(file, f"{kept}\n".encode())
    return kept


def _split(url: str) -> tuple[str, int]:
    address = SocketAddress.parse(url.rpartition("/")[2])
    return address.host, address.port


def _loopback(address: SocketAddress) -> SocketAddress:
    """Where this host reaches what listens at an address."""
    return SocketAddress({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host), address.port)  # noqa: S104
