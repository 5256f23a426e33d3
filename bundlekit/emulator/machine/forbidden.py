"""Why this host lets nobody make a machine, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from bundlekit.errors import CouldNotRun

_INSTEAD = "`bundlekit run` works without it"


def forbidden(step: str, number: int, read: Callable[[str], str | None] | None = None) -> CouldNotRun:
    """The error for a step that the kernel refused.

    Args:
        step: what was tried.
        number: of the error.
        read: gives what a file of this host holds, or None.
    """
    read = read or _read
    hint = _hint(step, number, read)
    return CouldNotRun(
        f"this host does not allow a sandbox: {step}: {os.strerror(number)}",
        kept="nothing was started or changed",
        hint=f"{hint}; {_INSTEAD}",
    )


def _hint(step: str, number: int, read: Callable[[str], str | None]) -> str:
    if step.startswith("filter"):
        return (
            "the system calls of this processor are not known to bundlekit; x86_64, ARM and 64-bit RISC-V are"
            if number == errno.ENOSYS
            else "the kernel has to filter system calls: CONFIG_SECCOMP_FILTER, which all large distributions switch on"
        )
    settings = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/unprivileged_userns_clone"
    if read(settings[0]) == "1":
        return (
            "AppArmor forbids user namespaces to ordinary programs here; an administrator allows them with "
            "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    if read(settings[1]) == "0":
        return (
            "user namespaces are switched off here; an administrator switches them on with "
            "`sudo sysctl kernel.unprivileged_userns_clone=1`"
        )
    if read("/proc/sys/user/max_user_namespaces") == "0" or number == errno.ENOSPC:
        return (
            "no user namespaces are left here; an administrator allows them with "
            "`sudo sysctl user.max_user_namespaces=10000`"
        )
    if number == errno.ENOSYS or (number == errno.EINVAL and step.startswith(("bind", "restrict", "mount at"))):
        return "it needs Linux 5.12 or later; `uname -r` shows the version"
    if any(read(file) is not None for file in ("/.dockerenv", "/run/.containerenv")):
        return (
            "a container forbids it; start the container with `--security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined`"
        )
    return "a security module or a container may forbid user namespaces: try `unshare -Urm true`"


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return None
