"""The machine's file system, put together by its process number 1. Nothing of the host in it can be written to."""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path

from bundlekit.emulator.machine import kernel
from bundlekit.emulator.machine.machine_spec import File, MachineSpec

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_FOLDERS = ("dev", "proc", "sys", "run", "tmp", "etc", "opt", "home/moxa", "root", "var/log", "var/tmp", "var/mail")
_KEYS = ("keys", "key-users")  # in /proc: of the developer, whose user id the machine has
_PLAIN = kernel.NO_SETUID | kernel.NO_DEVICES
_SLACK = 65536  # bytes of a file system's own


def build(spec: MachineSpec) -> int:
    """Make the spec's root the root of this process, with its mounts, and leave the host's behind.

    Everything of the host is bound as a copy of its mount that is read-only. All of it is taken before the new root
    is entered, and placed after the host's is gone: no path that the new root leads along is followed while `..` or
    a symbolic link could lead out of it.

    Returns:
        A file descriptor for a /proc that can be written to; the one that is mounted cannot.
    """
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    shown = {target: _read_only(source) for target, source in spec.shown.items()}
    devices = {name: kernel.clone_tree(f"/dev/{name}") for name in _DEVICES}
    # Only where the host's is in sight may there be a new one; it lies over that until the host is left.
    kernel.mount("proc", "/proc", flags=_PLAIN | kernel.NO_EXECUTION)
    proc = kernel.clone_tree("/proc")
    _enter(spec.root)
    for folder in _FOLDERS:
        Path("/", folder).mkdir(parents=True, exist_ok=True)
    _place(proc, Path("/proc"))
    for path, target in spec.links.items():
        _link(Path(path), target)
    _mount_devices(devices)
    for name in _KEYS:
        if Path("/proc", name).exists():  # the kernel may have none
            kernel.place_tree(kernel.clone_tree("/dev/null"), f"/proc/{name}")
    kernel.mount("tmpfs", "/run", "mode=755", _PLAIN)
    kernel.mount("tmpfs", "/tmp", "mode=1777,size=256m", _PLAIN)  # noqa: S108 - of its own
    for target, tree in sorted(shown.items()):
        _place(tree, Path(target))
    _mount_programs(spec.programs, beside="/usr/local" in shown)
    if spec.disk is not None:
        _limit_disk(spec.disk)
    writable = kernel.clone_tree("/proc")
    kernel.restrict("/proc", kernel.READ_ONLY)
    return writable


def write_files(files: list[File]) -> None:
    """Write the machine's own files, once its root is that of this process."""
    for file in files:
        path = Path(file.path)
        if file.keep and path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            path.rename(path.with_name(f"{path.name}.{time.time_ns()}"))  # somebody's work
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode), "w") as stream:
            stream.write(file.text)
            os.fchmod(stream.fileno(), file.mode)


def _read_only(source: str) -> int:
    tree = kernel.clone_tree(source)
    kernel.restrict(tree, kernel.READ_ONLY | _PLAIN)
    return tree


def _enter(root: str) -> None:
    # Not through a symbolic link: what it leads to is nobody's box.
    folder = os.open(root, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    tree = kernel.clone_tree("", below=folder)
    kernel.restrict(tree, _PLAIN)
    kernel.place_tree(tree, "", below=folder)
    os.fchdir(tree)
    os.close(folder)
    os.close(tree)
    kernel.change_root()


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)


def _place(tree: int, target: Path) -> None:
    if not target.exists():
        if stat.S_ISDIR(os.fstat(tree).st_mode):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
    kernel.place_tree(tree, str(target))
    os.close(tree)


def _mount_devices(devices: dict[str, int]) -> None:
    kernel.mount("tmpfs", "/dev", "mode=755,size=1m", kernel.NO_SETUID)
    for name, tree in devices.items():
        _place(tree, Path("/dev", name))
    Path("/dev/pts").mkdir()
    kernel.mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=620", kernel.NO_SETUID | kernel.NO_EXECUTION)
    Path("/dev/shm").mkdir()  # noqa: S108 - in a /dev of its own
    kernel.mount("tmpfs", "/dev/shm", "mode=1777,size=64m", _PLAIN)  # noqa: S108
    for link, target in {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}.items():
        Path("/dev", link).symlink_to(target)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        Path("/dev", name).symlink_to(f"/proc/self/fd/{number}")


def _mount_programs(programs: dict[str, str], *, beside: bool) -> None:
    """A /usr/local of the machine's own, or a sbin beside what the host's has."""
    place = Path("/usr/local")
    if beside:
        kernel.mount("tmpfs", str(place / "sbin"), "mode=755,size=1m", _PLAIN)
    else:
        kernel.mount("tmpfs", str(place), "mode=755,size=1m", _PLAIN)
        (place / "sbin").mkdir()
        (place / "bin").symlink_to("sbin")
    write_files([File(f"{place}/sbin/{name}", text, 0o755) for name, text in programs.items()])
    kernel.restrict(str(place), kernel.READ_ONLY)


def _limit_disk(free: int) -> None:
    """Put a file system of a limited size over /opt, with what /opt has. Its changes are lost with the machine."""
    before, found = Path("/run/opt"), kernel.clone_tree("/opt")
    before.mkdir()
    kernel.place_tree(found, str(before))
    os.close(found)
    # In pages, as a file system in memory counts.
    files = [path for path in before.rglob("*") if not path.is_symlink()]
    used = sum(-(-path.stat().st_size // 4096) * 4096 for path in files)
    kernel.mount("tmpfs", "/opt", f"mode=755,size={used + free + _SLACK}", _PLAIN)
    shutil.copytree(before, "/opt", symlinks=True, dirs_exist_ok=True)
    kernel.detach(str(before))
    before.rmdir()
