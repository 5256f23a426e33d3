"""Commands on this host that need root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache

INSTALLER = "tests/install-debian-packages.sh"


class Unavailable(Exception):
    """The box cannot be had on this host. Never a reason to skip a test."""


@cache
def root_prefix() -> tuple[str, ...]:
    """What goes before a command that needs root.

    Raises:
        Unavailable: we are not root, and sudo does not let us be without asking.
    """
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
        Unavailable: root cannot be had, the command is not installed, or (with `check`) it failed.
    """
    command = [*root_prefix(), *(os.fspath(argument) for argument in arguments)]
    try:
        done = subprocess.run(command, check=False, input=given, capture_output=True, text=True, errors="replace")
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not installed: run {INSTALLER}") from error
    if check and done.returncode != 0:
        raise Unavailable(f"{' '.join(command)} ended with exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done
