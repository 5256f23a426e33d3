"""Whose a connection to the broker is."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bundlekit.emulator import broker as broker_module
from bundlekit.emulator import peers
from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.broker import EmbeddedBroker
from bundlekit.emulator.gateway import OWN_LOG, EmulatedGateway
from bundlekit.emulator.peers import OwnUserOnly, users_of
from bundlekit.errors import CouldNotRun
from tests.box.host import root_prefix
from tests.emulator.other_user import ADMITTED, NAME, USER_ID, try_broker

KINDS = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]

# argv: host, port, and how it goes: it stays until its input ends, or leaves in one of three ways.
_CONNECT = r"""
import socket, struct, sys
host, port, how = sys.argv[1:]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
client = socket.socket(family)
client.connect((host, int(port)))
client.send(b"x")
if how == "full":
    client.setblocking(False)
    try:
        while True:
            client.send(b"x" * 65536)
    except BlockingIOError:
        pass
if how == "reset":
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
if how != "stay":
    client.close()
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(opened: ExitStack, host: str, how: str, *, other: bool) -> socket.socket:
    """A connection that a client has made, which has gone already unless it stays."""
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    server = opened.enter_context(socket.create_server((host.removeprefix("::ffff:"), 0), family=family))
    server.settimeout(20)
    user = ("setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups")
    prefix = (*root_prefix(), *user) if other else ()
    command = [*prefix, "env", "PATH=/usr/local/bin:/usr/bin:/bin", "python3", "-c", _CONNECT]
    client = opened.enter_context(
        subprocess.Popen(
            [*command, host, str(server.getsockname()[1]), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
    )
    assert client.stdout
    assert client.stdout.readline() == "done\n"
    return opened.enter_context(closing(server.accept()[0]))


@pytest.mark.parametrize("host", KINDS)
def test_own_connection_is_admitted(opened: ExitStack, host: str) -> None:
    told: list[str] = []
    assert OwnUserOnly(told.append).admits(connected(opened, host, "stay", other=False))
    assert not told


@pytest.mark.parametrize("host", KINDS)
def test_connection_of_another_user_is_not(opened: ExitStack, host: str) -> None:
    told: list[str] = []
    door = OwnUserOnly(told.append)
    connection = connected(opened, host, "stay", other=True)
    assert users_of(connection) == {USER_ID}
    assert not any(door.admits(connection) for _ in range(3))
    assert told == [f"refused a connection of user {NAME} (uid {USER_ID}) to the broker"]


@pytest.mark.parametrize("how", ["close", "full", "reset"])
def test_gone_client_of_another_user_does_not_pass_as_root(opened: ExitStack, how: str) -> None:
    connection = connected(opened, "127.0.0.1", how, other=True)
    assert not OwnUserOnly(lambda _: None).admits(connection)


def test_without_the_kernels_table_own_processes_are_looked_at(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "_TABLES", ("/proc/no/such/table",))
    door = OwnUserOnly(lambda _: None)
    assert door.admits(connected(opened, "127.0.0.1", "stay", other=False))
    monkeypatch.setattr(os, "geteuid", lambda: 4321)  # who has no processes
    assert not door.admits(connected(opened, "127.0.0.1", "stay", other=False))


def test_user_of_another_container_is_told_apart_from_nobody(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connected(opened, "127.0.0.1", "stay", other=False)
    told: list[str] = []
    monkeypatch.setattr(peers, "users_of", lambda _: {65534})
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setattr(peers, "_may_be_anybody", lambda: False)
    assert OwnUserOnly(told.append).admits(connection)
    monkeypatch.setattr(peers, "_may_be_anybody", lambda: True)
    assert not OwnUserOnly(told.append).admits(connection)
    assert "start clients where bundlekit runs" in told[0]


def test_machine_that_hides_users_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "users_are_known", lambda: False)

    async def run() -> None:
        async with EmbeddedBroker(SocketAddress("127.0.0.1", 0)):
            pass

    with pytest.raises(CouldNotRun, match="does not say which user a connection is of"):
        asyncio.run(run())


def test_another_user_gets_nothing_from_the_broker(tmp_path: Path) -> None:
    told: list[str] = []

    async def run() -> None:
        async with EmulatedGateway(tmp_path, tell=told.append) as gateway:
            place = (gateway.broker.host, str(gateway.broker.port))
            assert await asyncio.to_thread(try_broker, *place) in ("b''", "b'ConnectionResetError'")
            assert "system-status" in gateway.controller.components
            # What was tried is what would have done it.
            assert (await asyncio.to_thread(lambda: try_broker(*place, prefix=()))).startswith(ADMITTED[:-1])
            while "system-status" in gateway.controller.components:
                await asyncio.sleep(0.01)
            refused = f"refused a connection of user {NAME} (uid {USER_ID}) to the broker"
            assert told == [line.text for line in gateway.log.lines(OWN_LOG)] == [refused]

    asyncio.run(run())


@pytest.mark.parametrize("depth", [1, 20])
def test_unix_socket_is_for_its_owner_alone(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["deep-folder"] * depth)
    folder.mkdir(parents=True)
    socket_file = folder / "broker"
    socket_file.touch()  # of one that was killed

    async def run() -> None:
        async with EmulatedGateway(tmp_path / "state", mqtt=SocketAddress(str(socket_file), 0)) as gateway:
            assert socket_file.is_socket()
            assert socket_file.stat().st_mode & 0o777 == 0o600
            assert "rest" in gateway.controller.components
        assert not socket_file.exists()

    asyncio.run(run())
