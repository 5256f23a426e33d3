"""What root inside does to the files that a boot needs: the box boots, or says why not; nothing waits for ever."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.emulator.machine.running import Gateway

_LAST = "printf '#!/bin/sh\\nsleep 500\\n' >/etc/rc6.d/K01x; chmod 755 /etc/rc6.d/K01x"
DAMAGE = {
    "folders": "rm -f /etc/hostname /var/log/boot; "
    "mkdir -p /etc/hostname /var/log/boot /etc/rc2.d/S01x /var/lib/box/given",
    "pipes": "rm -f /etc/hostname /var/log/boot; mkdir -p /var/lib/box; "
    f"mkfifo /etc/hostname /var/log/boot /var/lib/box/given; {_LAST}",
    "nonsense": "mkdir -p /var/lib/box; : >/var/lib/box/given; head -c 3000 /dev/zero | tr '\\0' a >/etc/hostname",
}


def _boots_again(gateway: Gateway) -> None:
    gateway.root("touch /run/before; reboot")
    deadline = time.monotonic() + 30
    while gateway.ssh("test ! -e /run/before && echo again", "-o", "ConnectTimeout=20").stdout != "again\n":
        assert time.monotonic() < deadline, gateway.log
        time.sleep(0.3)


@pytest.mark.parametrize("damage", DAMAGE)
def test_box_boots_with_any_of_its_files_damaged(own_gateway: Gateway, damage: str) -> None:
    assert own_gateway.root(DAMAGE[damage]).returncode == 0
    _boots_again(own_gateway)
    assert own_gateway.ssh("hostname").stdout == "Moxa\n"


def test_pipe_in_place_of_keys_stops_nobody(own_gateway: Gateway) -> None:
    own_gateway.ssh("rm .ssh/authorized_keys; mkfifo .ssh/authorized_keys")
    assert own_gateway.ssh("true").returncode == 255
    own_gateway.root("true")
    assert _by_password(own_gateway, "echo in") == "in\n"


def test_box_that_cannot_boot_says_so_to_who_logs_in(own_gateway: Gateway) -> None:
    own_gateway.root("rm -r /etc/rc2.d; touch /etc/rc2.d; reboot")
    assert "does not boot with the files that it has" in _by_password(own_gateway, "echo in")


def _by_password(gateway: Gateway, command: str) -> str:
    program = f"""
import asyncio, asyncssh
async def main():
    there = dict(username="moxa", password="moxa", known_hosts=None, client_keys=None, agent_path=None)
    for _ in range(100):
        try:
            async with asyncssh.connect("127.0.0.1", {gateway.port}, **there) as connection:
                done = await connection.run({command!r})
                if done.stdout or done.stderr:
                    return done.stdout + done.stderr
        except (OSError, asyncssh.Error):
            pass
        await asyncio.sleep(0.1)
print(asyncio.run(main()), end="")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
