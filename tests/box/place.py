"""Where a box lives on this host: its folder, its overlay on the base, its network namespace."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.box import slot as slots
from tests.box.base import Base, cache_folder
from tests.box.host import Unavailable, as_root
from tests.box.processes import is_of_this_host
from tests.box.slot import Slot

_NAMESPACES = Path("/run/netns")
_PATIENCE = 60.0  # seconds
_CGROUPS = [Path("/sys/fs/cgroup", below) for below in ("", "systemd", "unified")]


@dataclass(frozen=True)
class Place:
    """What `make` makes and `clear` takes away."""

    slot: Slot

    @property
    def folder(self) -> Path:
        return _places() / self.slot.name

    @property
    def root(self) -> Path:
        """The box's file system, as the box sees it."""
        return self.folder / "root"

    @property
    def namespace(self) -> Path:
        """Its network."""
        return _NAMESPACES / self.slot.name

    @property
    def _link(self) -> str:
        """This host's end of the cable."""
        return f"bk-{self.slot.number}"

    def make(self, base: Base, disk: str | None = None) -> None:
        """Mount a pristine overlay on the base, a disk of that size in it, and lay a cable to a network of its own."""
        name, link = self.slot.name, self._link
        self.folder.mkdir(parents=True)
        upper, work = self.folder / "upper", self.folder / "work"
        as_root(["mkdir", "--", upper, work, self.root])
        layers = f"lowerdir={base.root},upperdir={upper},workdir={work}"
        as_root(["mount", "-t", "overlay", name, "-o", layers, self.root])
        if disk:
            as_root(["mount", "-t", "tmpfs", name, "-o", f"size={disk},mode=755", self.root / "opt"])
        as_root(["ip", "netns", "add", name])
        as_root(
            ["ip", "-batch", "-"],
            given=f"link add {link} type veth peer name eth0 netns {name}\n"
            f"address add {self.slot.host_address}/30 dev {link}\n"
            f"link set {link} up\n",
        )
        as_root(
            ["ip", "-netns", name, "-batch", "-"],
            given=f"address add {self.slot.address}/30 dev eth0\nlink set lo up\nlink set eth0 up\n",
        )

    def clear(self) -> None:
        """Take away all that `make` and the box left, half-made or not."""
        self.kill()
        # A namespace takes its links away some time after its end; this one's name may be wanted before.
        if Path("/sys/class/net", self._link).exists():
            as_root(["ip", "link", "delete", self._link], check=False)
        if self.namespace.exists():
            as_root(["ip", "netns", "delete", self.slot.name], check=False)
        while self.root.is_mount():
            as_root(["umount", "--lazy", "--", self.root])
        for cgroup in self._cgroups():
            as_root(["find", cgroup, "-depth", "-type", "d", "-exec", "rmdir", "--", "{}", ";"])
        if self.folder.exists():
            as_root(["rm", "-rf", "--one-file-system", "--", self.folder])

    def kill(self) -> None:
        """End all that runs here.

        Raises:
            Unavailable: something does not end.
        """
        deadline = time.monotonic() + _PATIENCE
        while processes := self._processes():
            if time.monotonic() > deadline:
                raise Unavailable(f"these processes of {self.slot.name} cannot be killed: {' '.join(processes)}")
            as_root(["kill", "-KILL", *processes], check=False)
            time.sleep(0.01)

    def hold(self) -> None:
        """Let nothing that runs here take another step."""
        held: set[str] = set()
        while more := self._processes() - held:
            as_root(["kill", "-STOP", *more], check=False)
            held |= more

    def let_host_go_on(self) -> None:
        """Let go on what was held and is of this host: nspawn, the REST front. What runs inside stays as it is."""
        ours = [process for process in self._processes() if is_of_this_host(int(process))]
        as_root(["kill", "-CONT", *ours], check=False)

    def _processes(self) -> set[str]:
        """All that runs here: in its network, and in its cgroups, which is nspawn too."""
        found = {number for cgroup in self._cgroups() for number in processes_in(cgroup)}
        if self.namespace.exists():
            found |= set(as_root(["ip", "netns", "pids", self.slot.name], check=False).stdout.split())
        return found

    def _cgroups(self) -> list[Path]:
        places = [hierarchy / self.slot.name for hierarchy in _CGROUPS]
        return [place for place in places if place.exists()]


def processes_in(cgroup: Path) -> set[str]:
    """The numbers of all processes in it and below; groups come and go while this looks."""
    found: set[str] = set()
    for group, _, _ in os.walk(cgroup):
        with contextlib.suppress(OSError):
            found |= set(Path(group, "cgroup.procs").read_text().split())
    return found - {"0"}


def take() -> Place:
    """A free place, after what killed runs left behind is cleared away."""
    names = {entry.name for folder in (_NAMESPACES, _places()) if folder.exists() for entry in folder.iterdir()}
    for slot in slots.left_behind(names):
        Place(slot).clear()
    place = Place(slots.take())
    place.clear()
    return place


def _places() -> Path:
    return cache_folder() / "boxes"
