"""Another user of this machine, who tries what there is to try at a broker: nothing but sockets and bytes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.box.host import root_prefix

USER_ID = 1
NAME = "daemon"  # on every Debian

# argv: host and port, or the path of a Unix socket.
_TRY = r"""
import json, socket, sys
host, *port = sys.argv[1:]
try:
    if port:
        broker = socket.create_connection((host, int(port[0])), 10)
    else:
        broker = socket.socket(socket.AF_UNIX)
        broker.connect(host)
    broker.settimeout(5)
    def packet(kind, body):
        return bytes((kind, len(body))) + body
    def text(words):
        return len(words).to_bytes(2, "big") + words.encode()
    def message(name):
        out = {"id": 1, "method": "delete", "resource": "/controller/registration", "data": {"name": name}}
        return packet(0x30, text("/controller") + json.dumps(out).encode())
    hello = packet(0x10, b"\0\4MQTT\4\2\0<" + text("other"))
    broker.sendall(hello + packet(0x82, b"\0\1" + text("#") + b"\0") + message("thermostat") + message("system-status"))
    got = b""
    while len(got) < 9:
        part = broker.recv(1000)
        if not part:
            break
        got += part
except OSError as error:
    got = type(error).__name__.encode()
print(got)
"""


def try_broker(*place: str, prefix: Sequence[str] | None = None) -> str:
    """Connect to a broker as another user, subscribe to all, and take bundles off it; what came back.

    Args:
        place: host and port, or the path of a Unix socket.
        prefix: by which command to become the one who tries; by default another user.
    """
    if prefix is None:
        user = (f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups")
        prefix = (*root_prefix(), "setpriv", *user)
    # One that anybody may run; the tests' own may lie in somebody's home.
    command = [*prefix, "env", "PATH=/usr/local/bin:/usr/bin:/bin", "python3", "-c", _TRY, *place]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", timeout=60)
    return done.stdout.strip()


ADMITTED = repr(bytes((0x20, 2, 0, 0, 0x90, 3, 0, 1, 0)))
"""What comes back to who is let in: connected, and subscribed."""
