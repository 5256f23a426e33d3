"""A real gateway to test on: Debian 11, Python 2.7, OpenSSH, sudo, mosquitto and the SDK, on this host.

    with Box() as box:
        box.run("systemctl is-system-running")
        box.api("GET", "/example")

It needs root for its mounts and namespaces: run as root, or as a user whose sudo asks for nothing.
"""

from tests.box.machine import Box, Machine, PlainBox

__all__ = ["Box", "Machine", "PlainBox"]
