"""`chown` and `chgrp` where there is a single user id: what is given to moxa, moxa may write."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bundlekit.emulator.machine.machine_spec import USER, USER_ID
from bundlekit.emulator.machine.shims.ipc_client import IpcClient

_USERS = {"root": 0, "0": 0, USER: USER_ID, str(USER_ID): USER_ID}


def main(name: str, words: list[str]) -> int:
    plain = [word for word in words if not word.startswith("-") or word == "-"]
    like = next((word.partition("=")[2] for word in words if word.startswith("--reference=")), None)
    if not plain or (like is None and len(plain) < 2):
        return _fail(name, "missing operand")
    owner, paths = ("root", plain) if like is not None else (plain[0], plain[1:])
    wanted, _, group = owner.partition(":") if name == "chown" else ("", ":", owner)
    for word, kind in ((wanted, "user"), (group, "group")):
        if word and word not in _USERS:
            return _fail(name, f"invalid {kind}: '{owner}'")
    client = IpcClient()
    status = 0
    for path in paths:
        if not os.path.lexists(path):
            status = _fail(name, f"cannot access '{path}': No such file or directory")
        elif wanted and client.ask("give" if _USERS[wanted] else "take", path=str(Path(path).absolute())).get(
            "refused"
        ):
            status = _fail(name, f"changing ownership of '{path}': Operation not permitted")
    return status


def _fail(name: str, text: str) -> int:
    sys.stderr.write(f"{name}: {text}\n")
    return 1
