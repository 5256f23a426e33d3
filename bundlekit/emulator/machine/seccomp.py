"""The system calls that no program in the machine may use, and the filter by which the kernel refuses them.

The filter is assembled here, without libseccomp: not every host has that library, its Python bindings all need it, and
process number 1 has the standard library alone. The list names what is refused, not what is allowed: a gateway's
programs are anybody's. Calls that are newer than the list are refused as well, so no new kernel opens a door.
"""

from __future__ import annotations

import errno
import os
import platform
import socket
import struct
from dataclasses import dataclass

from bundlekit.emulator.machine.kernel import KernelRefusal

NEWEST = 469  # file_setattr, of Linux 6.17
_ARM_PRIVATE = 0x0F0000  # from here on: how a thread of 32-bit ARM says where its data is, and the like

# How the kernel calls the processor, and which of a call's three numbers counts; by name and by bytes of an address.
_ARM = (0x40000028, 1)
_PROCESSORS = {
    ("x86_64", 8): (0xC000003E, 0),
    ("aarch64", 8): (0xC00000B7, 2),
    ("riscv64", 8): (0xC00000F3, 2),
    **{(name, 4): _ARM for name in ("armv6l", "armv7l", "armv8l", "aarch64")},
}
# By x86_64, 32-bit ARM, and the rest; -1 where there is none. From 424 on all have the same.
_NUMBERS = {
    "acct": (163, 51, 89),
    "add_key": (248, 309, 217),
    "bpf": (321, 386, 280),
    "clock_settime": (227, 262, 112),
    "clock_settime64": (-1, 404, -1),
    "clone": (56, 120, 220),
    "clone3": (435,) * 3,
    "delete_module": (176, 129, 106),
    "finit_module": (313, 379, 273),
    "fsconfig": (431,) * 3,
    "fsmount": (432,) * 3,
    "fsopen": (430,) * 3,
    "fspick": (433,) * 3,
    "init_module": (175, 128, 105),
    "io_uring_enter": (426,) * 3,
    "io_uring_register": (427,) * 3,
    "io_uring_setup": (425,) * 3,
    "kexec_file_load": (320, 401, 294),
    "kexec_load": (246, 347, 104),
    "keyctl": (250, 311, 219),
    "mount_setattr": (442,) * 3,
    "move_mount": (429,) * 3,
    "open_by_handle_at": (304, 371, 265),
    "open_tree": (428,) * 3,
    "open_tree_attr": (467,) * 3,
    "perf_event_open": (298, 364, 241),
    "quotactl": (179, 131, 60),
    "quotactl_fd": (443,) * 3,
    "reboot": (169, 88, 142),
    "request_key": (249, 310, 218),
    "setns": (308, 375, 268),
    "settimeofday": (164, 79, 170),
    "socket": (41, 281, 198),
    "socketpair": (53, 288, 199),
    "swapoff": (168, 115, 225),
    "swapon": (167, 87, 224),
    "syslog": (103, 103, 116),
    "unshare": (272, 337, 97),
    "userfaultfd": (323, 388, 282),
}

# All CLONE_NEW*. That of time, 0x80, is no flag of clone, but it is larger than any signal that clone has in its place.
_NAMESPACES = 0x7E020080
_FAMILIES = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_CAN")


@dataclass(frozen=True)
class Refusal:
    """System calls that are refused for a reason.

    Attributes:
        answer: the error that they end with; ENOSYS where programs do without, as on a kernel that lacks the call.
        flags: refused in the first argument; 0 for any call.
        families: allowed as the first argument; none for none.
    """

    calls: tuple[str, ...]
    answer: int
    why: str
    flags: int = 0
    families: tuple[str, ...] = ()


REFUSALS = (
    Refusal(
        ("add_key", "keyctl", "request_key"),
        errno.ENOSYS,
        "the kernel keeps keys by user id, and that of the box is yours",
    ),
    Refusal(
        ("socket", "socketpair"),
        errno.EAFNOSUPPORT,
        "other families lead past the network of the box, as AF_VSOCK does",
        families=_FAMILIES,
    ),
    Refusal(("clone", "unshare"), errno.EPERM, "new namespaces open much of the kernel to programs", flags=_NAMESPACES),
    Refusal(("clone3",), errno.ENOSYS, "its flags cannot be read by a filter; programs use clone"),
    Refusal(("setns",), errno.EPERM, "the namespaces of the box are made once"),
    Refusal(
        ("io_uring_enter", "io_uring_register", "io_uring_setup"),
        errno.ENOSYS,
        "they do other calls past the filter",
    ),
    Refusal(("bpf", "perf_event_open", "userfaultfd"), errno.EPERM, "they look into the kernel or hold it up"),
    Refusal(("open_by_handle_at",), errno.EPERM, "it opens files outside of the root of the box"),
    Refusal(("syslog",), errno.EPERM, "the kernel's log is that of your machine"),
    Refusal(
        (
            "fsconfig",
            "fsmount",
            "fsopen",
            "fspick",
            "mount_setattr",
            "move_mount",
            "open_tree",
            "open_tree_attr",
        ),
        errno.ENOSYS,
        "a gateway's kernel is older than they are; programs use mount",
    ),
    Refusal(
        (
            "acct",
            "clock_settime",
            "clock_settime64",
            "delete_module",
            "finit_module",
            "init_module",
            "kexec_file_load",
            "kexec_load",
            "quotactl",
            "quotactl_fd",
            "reboot",
            "settimeofday",
            "swapoff",
            "swapon",
        ),
        errno.EPERM,
        "they change your machine as a whole",
    ),
)

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_CALL, _PROCESSOR, _FIRST = 0, 4, 16  # where a filter finds what is asked for; all its processors are little-endian
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def filter_program() -> bytes:
    """The filter, in the kernel's classic BPF, for the processor that this runs on.

    Raises:
        Refused: the numbers of its system calls are not known. A 32-bit x86 has calls that no filter can tell apart.
    """
    processor, column = _processor()
    # What a 64-bit kernel does for programs of 32 bits has other numbers. There are no such programs on a gateway.
    code = [_do(_LOAD, _PROCESSOR), _do(_EQUAL, processor, yes=1), _do(_ANSWER, _KILL), _do(_LOAD, _CALL)]
    if (processor, column) == _ARM:
        code += [_do(_AT_LEAST, _ARM_PRIVATE, no=1), _do(_ANSWER, _ALLOW)]
    # The calls of x32 on x86_64 are among these too.
    code += [_do(_GREATER, NEWEST, no=1), _answer(errno.ENOSYS)]
    for refusal in REFUSALS:
        judged = _judged(refusal)
        for name in refusal.calls:
            if (number := _NUMBERS[name][column]) >= 0:
                code += [_do(_EQUAL, number, no=len(judged)), *judged]
    return b"".join([*code, _do(_ANSWER, _ALLOW)])


def number_of(call: str) -> int:
    """The number of a refused system call on the processor that this runs on.

    Raises:
        Refused: it is not known.
    """
    return _NUMBERS[call][_processor()[1]]


def _processor() -> tuple[int, int]:
    name = platform.machine()
    try:
        return _PROCESSORS[name, struct.calcsize("P")]
    except KeyError:
        number = errno.ENOSYS
        raise KernelRefusal(number, os.strerror(number), f"filter system calls of {name}") from None


def _judged(refusal: Refusal) -> list[bytes]:
    """What is done with such a call."""
    families = [int(getattr(socket, name)) for name in refusal.families]
    if families:
        # A family that is allowed jumps over those that follow, and over the answer.
        allowed = [_do(_EQUAL, family, yes=len(families) - place) for place, family in enumerate(families)]
        return [_do(_LOAD, _FIRST), *allowed, _answer(refusal.answer), _do(_ANSWER, _ALLOW)]
    if refusal.flags:
        refused = _do(_ANY_BIT, refusal.flags, no=1)
        return [_do(_LOAD, _FIRST), refused, _answer(refusal.answer), _do(_ANSWER, _ALLOW)]
    return [_answer(refusal.answer)]


def _answer(number: int) -> bytes:
    return _do(_ANSWER, _ERROR | number)


def _do(what: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """An instruction; `yes` and `no` are how many of those that follow a comparison jumps over."""
    return struct.pack("=HBBI", what, yes, no, value)
