"""`reboot`, and what would switch a gateway off for good."""

from __future__ import annotations

import sys

from bundlekit.emulator.machine.shims.ipc_client import IpcClient


def main(name: str, words: list[str]) -> int:
    if name != "reboot" and "-r" not in words:
        sys.stderr.write(f"{name}: an emulated gateway is switched off where it runs: Ctrl-C in `bundlekit gateway`\n")
        return 1
    if IpcClient().ask("reboot").get("refused"):
        sys.stderr.write(f"{name}: must be root\n")
        return 1
    return 0
