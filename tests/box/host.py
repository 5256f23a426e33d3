"""Commands on this host that need root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

INSTALLER = "tests/install-debian-packages.sh"


_TOOLS = ("mmdebstrap", "ip", "nsenter", "ssh-keygen", "systemd-nspawn", "unshare")
# An ordinary user's PATH often lacks these, and sudo's has them.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Unavailable(Exception):
    """The box cannot be had on this host. Never a reason to skip a test."""


@cache
def check_tools() -> None:
    """Make sure that what the box is made with is installed.

    Raises:
        Unavailable: something is missing.
    """
    if missing := [tool for tool in _TOOLS if not shutil.which(tool, path=_PATH)]:
        raise Unavailable(f"not installed: {', '.join(missing)}. {INSTALLER} installs what the tests need")


@cache
def root_prefix() -> tuple[str, ...]:
    """What goes before a command that needs root.

    Raises:
        Unavailable: we are not root, and sudo does not let us be without asking; or nobody is to be root.
    """
    if os.environ.get("BUNDLEKIT_TESTS") == "fast":
        raise Unavailable("`make test-fast` leaves out tests that need root, so give this one the marker `gateway`")
    if os.geteuid() == 0:
        return ()
    try:
        subprocess.run(["sudo", "-n", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(
            "the box needs mounts and network namespaces, so run the tests as root, or as a user for whom "
            "`sudo -n true` works without a password"
        ) from error
    return ("sudo", "-n")


def as_root(
    arguments: Sequence[str | os.PathLike[str]], *, given: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command as root to its end, `given` on its standard input.

    Raises:
        Unavailable: root cannot be had, or (with `check`) the command failed.
    """
    command = [*root_prefix(), *(os.fspath(argument) for argument in arguments)]
    done = subprocess.run(
        command, check=False, input=given, capture_output=True, text=True, errors="replace", umask=0o022
    )
    if check and done.returncode != 0:
        raise Unavailable(f"{' '.join(command)} ended with exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done
