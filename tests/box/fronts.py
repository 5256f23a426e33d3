"""`python -m tests.box.fronts`: forks fronts of boxes, having imported what they need; that takes longest about them.

Reads lines of JSON: a network namespace, a log, the arguments of `python -m bundlekit.emulator`. Answers each with the
number of the process that has become that one. Wants root.
"""

# ruff: noqa: T201 - its parent reads what it prints

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys

import bundlekit.emulator.rest
import bundlekit.emulator.service
import bundlekit.emulator.tokens  # noqa: F401
from bundlekit.emulator.__main__ import main as serve
from tests.fork_server import end_with

_CLONE_NEWNET = 0x40000000


def main() -> None:
    """Fork until nobody asks any more; those who were forked stay."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    gc.freeze()
    for line in sys.stdin:
        if process := os.fork():
            print(process, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        namespace, log, *sys.argv[1:] = json.loads(line)
        _be_in(namespace)
        for number, (path, flags) in enumerate(((os.devnull, os.O_RDONLY), *[(log, os.O_WRONLY | os.O_APPEND)] * 2)):
            os.dup2(os.open(path, flags), number)
        end_with(serve)


def _be_in(namespace: str) -> None:
    file = os.open(namespace, os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(file, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns", namespace)
    os.close(file)


if __name__ == "__main__":
    main()
