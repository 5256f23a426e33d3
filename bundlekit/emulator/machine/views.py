"""The two users' views of the machine: namespaces that process number 1 makes, and sends programs into."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable
from pathlib import Path

from bundlekit.emulator.machine import kernel
from bundlekit.emulator.machine.machine_spec import HOME, USER_ID

_WRITABLE = (HOME, "/tmp", "/var/tmp", "/dev", "/dev/pts", "/dev/shm")  # noqa: S108 - in the machine
_SECRETS = ("/etc/mx-api-token",)
_MASK = "/run/mask"

# The kernel counts these by user id: what the machine takes, the developer lacks. A gateway's kernel allows 128 inotify
# instances and 8192 watches. The namespaces of users are those of the two views.
_LIMITS = {
    "max_inotify_instances": 64,
    "max_inotify_watches": 8192,
    "max_fanotify_groups": 16,
    "max_fanotify_marks": 1024,
    "max_user_namespaces": 2,
}


def become_root(proc: int, *, own_network: bool) -> None:
    """Go into the namespaces in which the machine's root has his powers.

    What is mounted by now is locked there: its root can neither take it away nor make it writable again.

    Args:
        proc: a folder like /proc, to be written to.
        own_network: whether the machine has one.
    """
    _limit(proc)
    kinds = kernel.NEW_USERS | kernel.NEW_MOUNTS | kernel.NEW_HOST_NAME | kernel.NEW_IPC
    kernel.unshare(kinds | (kernel.NEW_NETWORK if own_network else 0))
    map_user(proc, user=0, outside=(0, 0))
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)


def _limit(proc: int) -> None:
    """Limit what the machine takes altogether. Its root, in namespaces below this one, has no way to change that."""
    for name, most in _LIMITS.items():
        with contextlib.suppress(FileNotFoundError):  # the kernel does not count it
            opened = os.open(f"sys/user/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
            try:
                os.write(opened, str(most).encode())
            finally:
                os.close(opened)


def map_user(proc: int, *, user: int, outside: tuple[int, int]) -> None:
    """Give this process, new in its namespace of users, the only user and group that there are in it.

    Args:
        proc: descriptor of /proc.
        user: its number inside.
        outside: numbers of the user and the group outside.

    Raises:
        KernelRefusal: the kernel refuses it.
    """
    owner, group = outside
    for file, text in {"setgroups": "deny", "uid_map": f"{user} {owner} 1", "gid_map": f"{user} {group} 1"}.items():
        opened = os.open(f"self/{file}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        try:
            os.write(opened, text.encode())
        except OSError as error:
            raise kernel.KernelRefusal(error.errno, error.strerror, f"write {file}") from error
        finally:
            os.close(opened)


class UserView:
    """What the user who is not root may see and write. Its namespaces last as long as this object.

    Args:
        proc: a folder like /proc, to be written to.
        shown: what the user has to see of folders that are otherwise hidden.
    """

    def __init__(self, proc: int, shown: list[str]) -> None:
        self._given: set[str] = set()
        Path(_MASK).touch(mode=0)
        made, tell = os.pipe()
        release, hold = os.pipe()
        child = _fork(lambda: _make(proc, shown, tell, release), closing=(made, hold))
        os.close(tell)
        os.close(release)
        is_made = os.read(made, 1)
        if is_made:
            self._users = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
            self._mounts = os.open(f"/proc/{child}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        os.close(made)
        os.close(hold)
        os.waitpid(child, 0)
        if not is_made:
            raise OSError("the view of the machine's user could not be made")

    def enter(self) -> None:
        """Take this process into it; what it executes then has that user's powers."""
        kernel.enter(self._users, kernel.NEW_USERS)
        kernel.enter(self._mounts, kernel.NEW_MOUNTS)

    def give(self, path: str) -> None:
        """Let the user write below a path: the nearest to an owner that a single user id allows."""
        if path not in self._given and self._change(lambda: _open_up(path)):
            self._given.add(path)

    def take(self, path: str) -> None:
        """The opposite of `give`."""
        if path in self._given and self._change(lambda: kernel.detach(path)):
            self._given.discard(path)

    @property
    def granted_paths(self) -> list[str]:
        """The paths that were given and are there still."""
        self._given = {path for path in self._given if Path(path).exists()}
        return sorted(self._given)

    def _change(self, change: Callable[[], None]) -> bool:
        def work() -> None:
            self.enter()
            change()

        return os.waitpid(_fork(work), 0)[1] == 0


def _make(proc: int, shown: list[str], tell: int, release: int) -> None:
    kernel.unshare(kernel.NEW_USERS | kernel.NEW_MOUNTS)
    map_user(proc, user=USER_ID, outside=(0, 0))
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    for path in _WRITABLE:
        if not os.path.ismount(path):
            kernel.place_tree(kernel.clone_tree(path), path)
    kernel.restrict("/", kernel.READ_ONLY)
    for path in _WRITABLE:
        kernel.lift(path, kernel.READ_ONLY)
    _hide_root(shown)
    for path in _SECRETS:
        kernel.place_tree(kernel.clone_tree(_MASK), path)
    os.write(tell, b"!")
    os.read(release, 1)


def _hide_root(shown: list[str]) -> None:
    trees = {path: kernel.clone_tree(path) for path in shown if path.startswith("/root/")}
    kernel.mount("tmpfs", "/root", "mode=700,size=64k", kernel.NO_SETUID | kernel.NO_DEVICES)
    for path, tree in trees.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        kernel.place_tree(tree, path)
    Path("/root").chmod(0o111)
    kernel.restrict("/root", kernel.READ_ONLY)


def _open_up(path: str) -> None:
    kernel.place_tree(kernel.clone_tree(path), path)
    kernel.lift(path, kernel.READ_ONLY)


def _fork(work: Callable[[], None], closing: tuple[int, ...] = ()) -> int:
    """A child that does some work and ends with status 0, or 1 when it failed."""
    if child := os.fork():
        return child
    try:
        for descriptor in closing:
            os.close(descriptor)
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
