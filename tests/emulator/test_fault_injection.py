"""Faults: read from a spec, and what they do to packets and connections."""

from __future__ import annotations

import asyncio
import json

import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.fault_injection import (
    _KINDS,
    Packet,
    catalogue,
    cut_after,
    delay,
    on_packets,
    parse,
    silent,
    slow,
)
from bundlekit.emulator.relay import Carry, Relay
from bundlekit.errors import BadUsage

ANSWER = {"id": 1, "code": 200, "method": "get", "resource": "/x", "sign": ["x"]}
REQUEST = {"id": 1, "method": "get", "resource": "/x"}


def publish(message: object, quality: int = 2, number: int = 7) -> bytes:
    """An MQTT packet to /controller."""
    body = b"\x00\x0b/controller" + (number.to_bytes(2, "big") if quality else b"") + json.dumps(message).encode()
    return bytes((0x30 | quality << 1, len(body))) + body


def packet(raw: bytes) -> Packet:
    return Packet(raw[0] >> 4, raw[0] & 15, raw[2:], raw)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("slow=2s,ssh-cut=300kB,disk-full", ("slow=2s", "ssh-cut=300kB", "disk-full")),
        ("", ()),
        (" old-ssh ", ("old-ssh",)),
    ],
)
def test_spec_is_read(spec: str, words: tuple[str, ...]) -> None:
    assert parse(spec).words == words


def test_values_have_units() -> None:
    faults = parse("ssh-cut=1.5MB,broker-restart=500ms", "disk-full=2kB,old-ssh")
    assert (faults.ssh_cut, faults.broker_restart, faults.disk, faults.old_ssh) == (1_500_000, 0.5, 2000, True)


@pytest.mark.parametrize("spec", ["slow=2", "slow=", "slow=2kB", "fast", "silent=1s", "ssh-cut=-1kB", "slow=1e9s"])
def test_spec_that_makes_no_sense_is_refused(spec: str) -> None:
    with pytest.raises(BadUsage):
        parse(spec)


def test_every_fault_is_in_the_catalogue() -> None:
    specs = [line.split()[0] for line in catalogue().splitlines()]
    assert [spec.partition("=")[0] for spec in specs] == list(_KINDS)
    assert parse(*specs).words == tuple(specs)


def test_faults_add_up_and_meet_answers_alone() -> None:
    assert delay([slow(1), slow(0.5)], packet(publish(ANSWER))) == 1.5
    assert delay([slow(1), silent()], packet(publish(ANSWER))) is None
    assert delay([slow(1), silent()], packet(publish(REQUEST))) == 0
    assert delay([slow(1), silent()], packet(b"\xc0\x00")) == 0
    assert not packet(b"\x34\x03\x00\x0bx").is_answer


async def talk(carry: Carry, said: bytes) -> tuple[bytes, bytes]:
    """Say something through a relay with a fault; what the server got, and what the client got back."""
    got = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        try:
            while more := await reader.read(65536):
                data += more
        except ConnectionResetError:
            pass
        got.set_result(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = SocketAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    async with server, Relay(SocketAddress("127.0.0.1", 0), address, carry) as relay:
        reader, writer = await asyncio.open_connection(relay.address.host, relay.address.port)
        writer.write(said)
        writer.write_eof()
        try:
            back = await reader.read()
        except ConnectionResetError:
            back = b"reset"
        writer.close()
        return await got, back


def test_lost_answer_is_acknowledged_as_if_it_had_come() -> None:
    released = b"\x62\x02\x00\x07"
    server, client = asyncio.run(talk(on_packets(silent()), publish(ANSWER) + released + publish(REQUEST, 0)))
    assert server == publish(REQUEST, 0)
    assert client == b"\x50\x02\x00\x07" + b"\x70\x02\x00\x07"


def test_slow_answer_comes_whole_and_in_order() -> None:
    said = publish(REQUEST) + publish(ANSWER, 1) + publish(ANSWER, 0)
    assert asyncio.run(talk(on_packets(slow(0.05)), said)) == (said, b"")


def test_connection_breaks_off_after_so_many_bytes() -> None:
    told: list[str] = []
    server, client = asyncio.run(talk(cut_after(1000, lambda: told.append("cut")), b"x" * 5000))
    assert len(server) <= 1000
    assert told == ["cut"]
    assert client in (b"", b"reset")
