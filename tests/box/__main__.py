"""`python -m tests.box`: a gateway to play with, until Ctrl-C."""

# ruff: noqa: T201 - printing is what it is for

from __future__ import annotations

import contextlib
import signal
import sys
import time

from tests.box import Box
from tests.box.host import Unavailable


def main() -> int:
    """Boot a gateway, say how to get in, throw it away at Ctrl-C.

    Returns:
        The exit code: 0, or 3 where this host cannot have one.
    """
    for ended in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ended, signal.default_int_handler)
    try:
        with Box() as box:
            print(f"address   {box.address}")
            print(f"user      {box.user}, password {box.password}")
            print(f"log in    ssh -F {box.ssh_config} gateway")
            print(f"API       https://{box.address}/api/v1, token in /etc/mx-api-token")
            print(f"MQTT      {box.address}:1883")
            print(f"its files {box.root}")
            print("Ctrl-C throws it away.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
    except Unavailable as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
