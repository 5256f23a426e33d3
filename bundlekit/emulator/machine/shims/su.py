"""`su`: root becomes anybody; nobody becomes root, for root has no password here, as on a gateway."""

from __future__ import annotations

import os
import sys

from bundlekit.emulator.machine.machine_spec import USER
from bundlekit.emulator.machine.shims import sudo


def main(_name: str, words: list[str]) -> int:
    login = False
    command: list[str] = []
    keep = False
    user = "root"
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-", "-l", "--login"):
            login = True
        elif word in ("-m", "-p", "--preserve-environment"):
            keep = True
        elif word in ("-c", "--command") and rest:
            command = ["-c", rest.pop(0)]
        elif word.startswith("--command="):
            command = ["-c", word.partition("=")[2]]
        elif word in ("-s", "--shell") and rest:
            rest.pop(0)
        elif not word.startswith("-"):
            user = word
            command += rest
            break
    if user not in ("root", USER):
        sys.stderr.write(f"su: user {user} does not exist or the user entry does not contain all the required fields\n")
        return 1
    if os.geteuid() != 0:
        sys.stderr.write("su: Authentication failure\n")
        return 1
    shell = ["/bin/bash", *(["-l"] if login else []), *command]
    if user != "root":
        return sudo.main("sudo", ["-H", "-u", user, *(["-i"] if login and not command else ["--", *shell])])
    if not keep:
        os.environ.update(HOME="/root", SHELL="/bin/bash", USER="root", LOGNAME="root")
    if login:
        os.chdir("/root")
    return os.execv(shell[0], shell)  # noqa: S606
