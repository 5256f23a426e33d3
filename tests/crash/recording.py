"""Recordings: a gateway on a disk that notes all that reaches it, while changes are made on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests import fork_server
from tests.box.host import root_prefix
from tests.chaos.gateway import Facts, Watch, wait_until
from tests.crash import disk, releases
from tests.crash.changes import CHAINS, SPOILS, VERSIONS, Change
from tests.crash.gateway import OnDisk, PlainOnDisk, SystemdOnDisk
from tests.workstation import Printed, Workstation

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Setting:
    """What a recording is made on.

    Attributes:
        init: `systemd` or `init`.
        shell: /bin/sh, `dash` or `busybox`.
        mode: of the disk, see `disk.MODES`.
        neighbour: seconds after which something else on the gateway syncs a file of its own, again and again, which has
            the file system commit what it has of ours, at any time; 0 for none.
    """

    init: str
    shell: str
    mode: str
    neighbour: float = 0

    @property
    def name(self) -> str:
        return "-".join((self.init, self.shell, self.mode, *(["neighbour"] if self.neighbour else [])))

    def gateway(self) -> OnDisk:
        """A gateway like that, not started yet."""
        made: OnDisk = SystemdOnDisk() if self.init == "systemd" else PlainOnDisk()
        made.shell = self.shell
        return made


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(init, shell, mode, neighbour)
        for neighbour in (0, 0.03)
        for mode in disk.MODES
        for init, shell in (("systemd", "dash"), ("init", "busybox"), ("systemd", "busybox"), ("init", "dash"))
    )
}


@dataclass(frozen=True)
class Recording:
    """A folder.

    It has `disk.img`, the disk before; `log`, what reached it then; `about.json`, what it was made on, and of which of
    `CHAINS` it is; and the script `gateway.sh` that was sent to the gateway.
    """

    folder: Path

    @property
    def image(self) -> Path:
        return self.folder / "disk.img"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def script(self) -> Path:
        return self.folder / "gateway.sh"

    @property
    def setting(self) -> Setting:
        return Setting(**self._about["setting"])

    @property
    def chain(self) -> tuple[Change, ...]:
        return CHAINS[self._about["chain"]]

    @property
    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((self.folder / "about.json").read_text())
        return about


def archives(folder: Path) -> dict[str, releases.Made]:
    """Those of all versions, the same each time."""
    return {version: releases.make(folder, version, spoils=version == SPOILS) for version in VERSIONS}


class _Workstation(Workstation):
    """One that may have another bundlekit than this one."""

    product: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **({fork_server.PRODUCT: str(self.product)} if self.product else {})}


class Client:
    """Somebody at a workstation who has the archives.

    Args:
        folder: for what he has.
        machine: his gateway.
        product: a folder with another `bundlekit` that he uses.
    """

    def __init__(self, folder: Path, machine: OnDisk, product: Path | None = None) -> None:
        (folder / "home").mkdir(parents=True)
        (folder / "archives").mkdir()
        self._workstation = _Workstation(folder / "home", machine)
        self._workstation.product = product
        self.made = archives(folder / "archives")

    def run(self, change: Change) -> Printed:
        arguments = [str(self.made[word[1:-1]].path) if word.startswith("{") else word for word in change.arguments]
        if change.verb != "deploy":
            arguments += ["--bundle", releases.NAME]
        return self._workstation.on_gateway(change.verb, *arguments)

    def deploy(self, version: str) -> Printed:
        return self._workstation.deploy(self.made[version].path, "--wait", "20")

    def ask(self, verb: str) -> Printed:
        return self._workstation.on_gateway(verb, "--format", "json")


def record(setting: Setting, folder: Path, product: Path | None = None, chain: str = "all") -> Recording:
    """Make changes on a fresh gateway, one after the other.

    Args:
        setting: of the gateway.
        folder: for the recording.
        product: a folder with another `bundlekit` than this one.
        chain: which changes, of `CHAINS`.

    Raises:
        AssertionError: one did not end as it has to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recording = Recording(folder)
    (folder / "about.json").write_text(json.dumps({"setting": asdict(setting), "chain": chain}))
    told = [sys.executable, "-c", "from bundlekit.remote import script; print(script.bare(), end='')"]
    environment = {**os.environ, **({"PYTHONPATH": str(product)} if product else {})}
    recording.script.write_text(subprocess.check_output(told, text=True, env=environment, cwd=folder))
    disk.make(recording.image, setting.mode)
    work = folder / "work"
    work.mkdir()
    used = work / "disk.img"
    disk.copy(recording.image, used)
    with setting.gateway() as machine, disk.Recorder(used, recording.log) as recorder:
        client = Client(work / "client", machine, product)
        with machine.disk(recorder.device, setting.mode):
            machine.boot()
            with _neighbour(machine, setting.neighbour) if setting.neighbour else nullcontext():
                for change in recording.chain:
                    _make(change, machine, client, recorder)
    shutil.rmtree(work)
    return recording


def record_recovery(before: Recording, folder: Path, change: str, *, told: bool) -> Recording:
    """Boot with the disk in a folder, and record what is made of it until it has come to rest.

    Args:
        before: that the disk is of.
        folder: with the disk.
        change: that was cut off.
        told: whether its client had been told the end.
    """
    recording = Recording(folder)
    setting = before.setting
    shutil.copy(before.folder / "about.json", folder)
    shutil.copy(before.script, folder)
    work = folder / "work"
    work.mkdir()
    used = work / "disk.img"
    disk.copy(recording.image, used)
    with (
        setting.gateway() as machine,
        disk.Recorder(used, recording.log) as recorder,
        Watch() as watch,
        machine.disk(recorder.device, setting.mode),
    ):
        recorder.mark(f"begin {change}")
        if told:
            recorder.mark(f"told {change}")
        machine.boot()
        assert wait_until(lambda: _is_at_rest(watch.look(machine, releases.NAME)), _PATIENCE, 0.25), "it goes on and on"
        machine.sync()
        recorder.mark(f"settled {change}")
    shutil.rmtree(work)
    return recording


def _is_at_rest(facts: Facts) -> bool:
    return facts.is_quiet and bool(facts.running)


def _make(change: Change, machine: OnDisk, client: Client, recorder: disk.Recorder) -> None:
    if change.put is not None:
        settings = {"generation": change.put, "last_words": change.last_words}
        deadline = time.monotonic() + _PATIENCE
        while machine.api("PUT", f"/{releases.NAME}", settings)[0] != 200:
            assert time.monotonic() < deadline, "the settings cannot be made"
            time.sleep(0.1)
    machine.sync()
    recorder.mark(f"begin {change.name}")
    said = client.run(change)
    recorder.mark(f"told {change.name}")
    assert said.code == change.code, f"{change.name} ends with {said.code}\n{said.out}{said.err}"
    machine.sync()
    recorder.mark(f"settled {change.name}")


_NEIGHBOUR = """
import os, sys, time
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
while os.getppid() == int(sys.argv[2]):
    os.pwrite(file, str(time.time()).encode(), 0)
    os.fsync(file)
    time.sleep(float(sys.argv[3]))
"""


@contextmanager
def _neighbour(machine: OnDisk, pause: float) -> Iterator[None]:
    file = str(machine.root / "mnt/neighbour")
    script = 'exec "$0" -c "$1" "$2" $PPID "$3"'
    process = subprocess.Popen([*root_prefix(), "sh", "-c", f"{script}", sys.executable, _NEIGHBOUR, file, str(pause)])
    try:
        yield
    finally:
        subprocess.run([*root_prefix(), "kill", str(process.pid)], check=False)
        process.wait(_PATIENCE)
