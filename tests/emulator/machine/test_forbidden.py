"""Why a host makes no machines: what it says follows from what the host's settings are."""

from __future__ import annotations

import errno

import pytest

from bundlekit.emulator.machine.forbidden import forbidden

APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
CASES = [
    ({APPARMOR: "1"}, "bind /usr", errno.EACCES, "kernel.apparmor_restrict_unprivileged_userns=0"),
    ({"/proc/sys/kernel/unprivileged_userns_clone": "0"}, "unshare", errno.EPERM, "unprivileged_userns_clone=1"),
    ({"/proc/sys/user/max_user_namespaces": "0"}, "unshare", errno.ENOSPC, "user.max_user_namespaces"),
    ({APPARMOR: "0", "/.dockerenv": ""}, "unshare", errno.EPERM, "a container forbids it"),
    ({}, "restrict 7", errno.ENOSYS, "Linux 5.12"),
    ({}, "unshare", errno.EPERM, "try `unshare"),
    ({APPARMOR: "1"}, "filter system calls of s390x", errno.ENOSYS, "of this processor are not known"),
    ({APPARMOR: "1"}, "filter system calls", errno.EINVAL, "CONFIG_SECCOMP_FILTER"),
]


@pytest.mark.parametrize(("files", "step", "number", "words"), CASES)
def test_hint_names_what_forbids_it(files: dict[str, str], step: str, number: int, words: str) -> None:
    error = forbidden(step, number, files.get)
    assert words in str(error.hint)
    assert "bundlekit run" in str(error.hint)
