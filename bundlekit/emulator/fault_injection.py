"""Fault injection: what a gateway can be made to do wrong; small parts that can be combined.

Packets are split here and not by amqtt's codecs, which raise on a malformed packet and write others than they have
read: a bundle's mistakes must reach the broker byte for byte.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bundlekit.emulator.relay import Carry, Send
from bundlekit.errors import BadUsage

_CHUNK = 65536  # bytes; what a pipe holds
_TIMES = {"ms": 0.001, "s": 1.0, "min": 60.0}
_SIZES = {"B": 1, "kB": 1000, "MB": 1_000_000}
_PUBLISH, _PUBACK, _PUBREC, _PUBREL, _PUBCOMP = 3, 4, 5, 6, 7


@dataclass(frozen=True)
class Packet:
    """An MQTT packet that a bundle sends.

    Attributes:
        kind: of it, by MQTT's numbers.
        raw: all of it.
        body: without its fixed header.
        flags: of the fixed header.
    """

    kind: int
    flags: int
    body: bytes
    raw: bytes

    @property
    def quality(self) -> int:
        """The quality of service that it is published with."""
        return (self.flags >> 1) & 3

    @property
    def number(self) -> bytes:
        """Its identifier, by which it is acknowledged."""
        if self.kind != _PUBLISH:
            return self.body[:2]
        start = 2 + int.from_bytes(self.body[:2], "big")
        return self.body[start : start + 2]

    @property
    def is_answer(self) -> bool:
        """Whether a bundle answers a request with it."""
        if self.kind != _PUBLISH:
            return False
        start = 2 + int.from_bytes(self.body[:2], "big") + (2 if self.quality else 0)
        try:
            message = json.loads(self.body[start:])
        except (ValueError, RecursionError):
            return False
        return isinstance(message, dict) and bool(message.get("id") and message.get("code") and message.get("sign"))


Fault = Callable[[Packet], float | None]
"""Says by how many seconds a packet comes late; None when it never comes."""


def slow(seconds: float) -> Fault:
    """Answers take that much longer."""
    return lambda packet: seconds if packet.is_answer else 0.0


def silent() -> Fault:
    """Answers never come."""
    return lambda packet: None if packet.is_answer else 0.0


def delay(faults: Sequence[Fault], packet: Packet) -> float | None:
    """What several faults make of a packet."""
    total = 0.0
    for fault in faults:
        late = fault(packet)
        if late is None:
            return None
        total += late
    return total


def on_packets(*faults: Fault) -> Carry:
    """A way from a bundle to the broker on which packets come late or never. They keep their order."""

    async def carry(client: asyncio.StreamReader, on: Send, back: Send) -> None:
        loop = asyncio.get_running_loop()
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        lost: set[bytes] = set()

        async def deliver() -> None:
            while True:
                when, data = await due.get()
                if (wait := when - loop.time()) > 0:
                    await asyncio.sleep(wait)
                await on(data)
                due.task_done()

        delivering = asyncio.create_task(deliver())
        try:
            while packet := await _read(client):
                late = delay(faults, packet)
                if late is None:
                    await _acknowledge(packet, back, lost)
                elif packet.kind == _PUBREL and packet.number in lost:
                    lost.discard(packet.number)
                    await back(bytes((_PUBCOMP << 4, 2)) + packet.number)
                else:
                    due.put_nowait((loop.time() + late, packet.raw))
            joined = asyncio.create_task(due.join())
            # Where the broker has gone nothing is delivered any more.
            await asyncio.wait([joined, delivering], return_when=asyncio.FIRST_COMPLETED)
            joined.cancel()
        finally:
            delivering.cancel()

    return carry


def cut_after(limit: int, tell: Callable[[], None] = lambda: None) -> Carry:
    """A way that breaks off after that many bytes from the client."""

    async def carry(client: asyncio.StreamReader, on: Send, _back: Send) -> None:
        left = limit
        while data := await client.read(_CHUNK):
            await on(data[:left])
            left -= len(data)
            if left <= 0:
                tell()
                raise ConnectionAbortedError

    return carry


async def again_and_again(every: float, fail: Callable[[], Awaitable[None]]) -> None:
    """Let something fail that often, for ever."""
    while True:
        await asyncio.sleep(every)
        await fail()


@dataclass(frozen=True)
class Faults:
    """The faults that a gateway has.

    Attributes:
        answers: of what bundles send.
        broker_restart: seconds between two of them; None for none.
        ssh_cut: bytes after which; None for never.
        old_ssh: whether the SSH server is an old one.
        disk: bytes that are left; None for what there is.
        words: by which they were asked for.
    """

    answers: tuple[Fault, ...] = ()
    broker_restart: float | None = None
    ssh_cut: int | None = None
    old_ssh: bool = False
    disk: int | None = None
    words: tuple[str, ...] = ()


NO_FAULTS = Faults()

_KINDS: dict[str, Callable[[Faults, str], Faults]] = {
    "slow": lambda faults, value: replace(faults, answers=(*faults.answers, slow(_time(value or "2s")))),
    "silent": lambda faults, _: replace(faults, answers=(*faults.answers, silent())),
    "broker-restart": lambda faults, value: replace(faults, broker_restart=_time(value or "30s") or 1.0),
    "ssh-cut": lambda faults, value: replace(faults, ssh_cut=_size(value or "300kB")),
    "old-ssh": lambda faults, _: replace(faults, old_ssh=True),
    "disk-full": lambda faults, value: replace(faults, disk=_size(value or "0B")),
}
_MEANINGS = {
    "slow=2s": "a bundle's answers take that much longer",
    "silent": "a bundle's answers never come, so that the controller gives up after the bundle's ttl",
    "broker-restart=30s": "the broker goes away for a second, again and again, that often",
    "ssh-cut=300kB": "a connection over SSH breaks off after that many bytes from the client",
    "old-ssh": "an SSH server of 2014, only with RSA by SHA-1",
    "disk-full=0B": "/opt has that much room left; what changes there is lost at the end",
}
_WITHOUT_VALUE = {"silent", "old-ssh"}


def parse(*specs: str) -> Faults:
    """Read specs such as `slow=2s,ssh-cut=300kB`.

    Raises:
        BadUsage: one of them is not a fault, or its value cannot be read.
    """
    faults = Faults()
    for one in filter(None, (part.strip() for spec in specs for part in spec.split(","))):
        name, equals, value = one.partition("=")
        if name not in _KINDS or (equals and (not value or name in _WITHOUT_VALUE)):
            raise BadUsage(
                f"{one!r} is not a fault", hint=f"there are {', '.join(_KINDS)}; `--faults help` describes them"
            )
        faults = replace(_KINDS[name](faults, value), words=(*faults.words, one))
    return faults


def catalogue() -> str:
    """The faults that there are, a line each."""
    return "\n".join(f"{spec:<20}{meaning}" for spec, meaning in _MEANINGS.items())


def _time(text: str) -> float:
    return _measured(text, _TIMES, "a time such as 2s, 500ms or 1min")


def _size(text: str) -> int:
    return int(_measured(text, _SIZES, "a size such as 300kB or 5MB"))


def _measured(text: str, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([A-Za-z]+)", text)
    if not match or match[2] not in units:
        raise BadUsage(f"{text!r} is not {wanted}")
    return float(match[1]) * units[match[2]]


async def _read(client: asyncio.StreamReader) -> Packet | None:
    try:
        header = await client.readexactly(1)
        size, shift = 0, 0
        while True:
            header += (byte := await client.readexactly(1))
            size |= (byte[0] & 127) << shift
            shift += 7
            if byte[0] < 128:
                break
            if shift > 21:
                return None
        body = await client.readexactly(size)
    except asyncio.IncompleteReadError:
        return None
    return Packet(header[0] >> 4, header[0] & 15, body, header + body)


async def _acknowledge(packet: Packet, back: Send, lost: set[bytes]) -> None:
    """Tell a sender that a packet has come which is lost: else it would wait with what comes next."""
    if packet.quality == 1:
        await back(bytes((_PUBACK << 4, 2)) + packet.number)
    elif packet.quality == 2:
        lost.add(packet.number)
        await back(bytes((_PUBREC << 4, 2)) + packet.number)
