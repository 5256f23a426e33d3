"""What of Linux's system calls Python has no words for. Standard library alone: process number 1 uses it."""

from __future__ import annotations

import ctypes
import errno
import os
import signal

# The numbers below are those of the headers of Linux, by their names there or by what they do.
NEW_MOUNTS = 0x00020000
NEW_HOST_NAME = 0x04000000
NEW_IPC = 0x08000000
NEW_USERS = 0x10000000
NEW_PROCESSES = 0x20000000
NEW_NETWORK = 0x40000000

READ_ONLY = 0x1
NO_SETUID = 0x2
NO_DEVICES = 0x4
NO_EXECUTION = 0x8

MS_REC = 0x4000
MS_PRIVATE = 0x40000

# The same on all machines but alpha and mips.
_OPEN_TREE = 428
_MOVE_MOUNT = 429
_MOUNT_SETATTR = 442

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_MOVE_MOUNT_T_SYMLINKS = 0x10
_MOVE_MOUNT_T_EMPTY_PATH = 0x40
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_KEYCTL_JOIN_SESSION_KEYRING = 1

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("users", ctypes.c_uint64),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


class KernelRefusal(OSError):
    """The kernel does not do it; the error's file name says what."""


def unshare(kinds: int) -> None:
    """Take this process into new namespaces of some kinds."""
    _checked(_libc.unshare(kinds), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Take this process into the namespace that a file descriptor stands for."""
    _checked(_libc.setns(namespace, kind), "setns")


def mount(kind: str, target: str, options: str = "", flags: int = 0) -> None:
    """Mount a new file system, or change how mounts below `target` spread.

    Args:
        kind: of the file system, such as `tmpfs`; empty to change what is mounted.
        target: an existing folder.
        options: of the file system, as mount(8) takes them.
        flags: of mount(2).

    Raises:
        KernelRefusal: the kernel refuses it.
    """
    source, name = kind.encode(), kind.encode() or None
    _checked(_libc.mount(source, os.fsencode(target), name, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def clone_tree(path: str, *, below: int = _AT_FDCWD) -> int:
    """A file descriptor for a copy of what is mounted at a path and below, mounted nowhere yet."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE | _AT_EMPTY_PATH
    return _checked(_libc.syscall(_OPEN_TREE, below, os.fsencode(path), flags), f"bind {path}")


def place_tree(tree: int, path: str, *, below: int = _AT_FDCWD) -> None:
    """Mount such a copy at a path; at the folder `below` itself where the path is empty.

    Args:
        tree: descriptor of the copy.
        path: where it goes, seen from `below`.
        below: descriptor of a folder; by default paths begin where this process is.

    Raises:
        KernelRefusal: the kernel refuses it.
    """
    flags = _MOVE_MOUNT_F_EMPTY_PATH | (_MOVE_MOUNT_T_SYMLINKS if path else _MOVE_MOUNT_T_EMPTY_PATH)
    _checked(_libc.syscall(_MOVE_MOUNT, tree, b"", below, os.fsencode(path), flags), f"mount at {path}")


def restrict(where: int | str, attributes: int) -> None:
    """Add attributes to all mounts at a path, or of a copied tree, and below. Needs Linux 5.12."""
    if isinstance(where, int):
        _set_attributes(where, "", _Attributes(set=attributes), _AT_RECURSIVE | _AT_EMPTY_PATH)
    else:
        _set_attributes(_AT_FDCWD, where, _Attributes(set=attributes), _AT_RECURSIVE)


def lift(path: str, attributes: int) -> None:
    """Take attributes off the mount at a path, and from nothing below."""
    _set_attributes(_AT_FDCWD, path, _Attributes(clear=attributes), 0)


def detach(path: str) -> None:
    """Unmount what is at a path, and below, for everybody who looks from now on."""
    _checked(_libc.umount2(os.fsencode(path), _MNT_DETACH), f"unmount {path}")


def change_root() -> None:
    """Make the current folder, a mount, the root, and leave the old one behind."""
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    # The old root lies over the new one now, and is where `..` leads: nothing may be looked up in between.
    detach(".")
    os.chdir("/")


def die_with_parent() -> None:
    """Be killed when the parent ends. A change of namespaces of users may clear it."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def gain_no_privileges() -> None:
    """Let no program that is executed from now on gain anything by its set-user-id bit or its capabilities."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def call_itself(name: str) -> None:
    """Let this process have a name in lists of processes."""
    _checked(_libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0), "prctl")


def hide() -> None:
    """Let no program, however powerful in the machine, look into this process or trace it."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


def leave_session_keys(keyctl: int) -> None:
    """Go on with an empty session keyring in place of the user's; some kernels have none at all.

    Args:
        keyctl: the number of that system call.
    """
    _libc.syscall(keyctl, _KEYCTL_JOIN_SESSION_KEYRING, None)


def check_filters() -> None:
    """See to it that this kernel filters system calls.

    Raises:
        Refused: it does not.
    """
    # One that does looks for the filter, which is nowhere.
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0) and ctypes.get_errno() != errno.EFAULT:
        _checked(-1, "filter system calls")


def filter_calls(program: bytes) -> None:
    """Have the kernel judge all system calls of this process, and of what it executes, by a program in classic BPF.

    There is no way back, and it takes `gain_no_privileges`.
    """
    code = ctypes.create_string_buffer(program, len(program))
    given = _Program(len(program) // 8, ctypes.addressof(code))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0), "filter system calls")


def _set_attributes(below: int, path: str, wanted: _Attributes, flags: int) -> None:
    size = ctypes.sizeof(wanted)
    _checked(
        _libc.syscall(_MOUNT_SETATTR, below, os.fsencode(path), flags, ctypes.byref(wanted), size), f"restrict {path}"
    )


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise KernelRefusal(number, os.strerror(number), what)
    return result
