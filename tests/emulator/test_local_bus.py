"""Members of the gateway's own process on the embedded broker, beside clients that come over the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiomqtt

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.broker import EmbeddedBroker
from bundlekit.emulator.link import Link
from bundlekit.emulator.linking import link_to
from bundlekit.emulator.messages import Outgoing

Heard = asyncio.Queue[tuple[str, bytes]]
GOODBYE = b"\xe0\0"
_PATIENCE = 10.0  # seconds


@asynccontextmanager
async def member(broker: EmbeddedBroker, *topics: str) -> AsyncIterator[tuple[Link, Heard]]:
    """A member that listens to topics, and what it hears. A message `fail` makes it fail."""
    heard: Heard = asyncio.Queue()
    is_up = asyncio.Event()

    async def received(topic: str, payload: bytes) -> None:
        if payload == b"fail":
            raise ValueError
        heard.put_nowait((topic, payload))

    link = link_to(broker, topics, received, is_up.set)
    running = asyncio.create_task(link.run())
    await is_up.wait()
    try:
        yield link, heard
    finally:
        running.cancel()
        await asyncio.wait([running])
        assert not link.is_up


def with_broker(check: Callable[[EmbeddedBroker], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(_PATIENCE), EmbeddedBroker(SocketAddress("127.0.0.1", 0)) as broker:
            await check(broker)

    asyncio.run(run())


def client(broker: EmbeddedBroker) -> aiomqtt.Client:
    return aiomqtt.Client(broker.address.host, broker.address.port)


async def connect_with_will(broker: EmbeddedBroker, will: bytes, last: bytes) -> None:
    """A client with a will on `a`, which sends `last` and is gone."""
    reader, writer = await broker.address.connect()
    body = b"\0\4MQTT\4\6\0\0" + b"".join(len(part).to_bytes(2, "big") + part for part in (will, b"a", will))
    writer.write(bytes((0x10, len(body))) + body)
    assert await reader.readexactly(4) == b"\x20\2\0\0"
    writer.write(last)
    writer.close()
    await writer.wait_closed()


def test_members_and_clients_hear_each_other_in_order() -> None:
    async def check(broker: EmbeddedBroker) -> None:
        async with member(broker, "a", "b") as (link, heard), member(broker) as (other, _), client(broker) as outside:
            await outside.subscribe("#")
            sent = [("a" if number % 3 else "b", b"%d" % number) for number in range(20)]
            for topic, payload in sent:
                assert await other.publish(Outgoing(topic, payload))
            assert [await heard.get() for _ in sent] == sent
            messages = outside.messages.__aiter__()
            seen = [await anext(messages) for _ in sent]
            assert [(str(one.topic), one.payload) for one in seen] == sent
            for quality in (0, 1, 2):
                await outside.publish("a", b"by a client", qos=quality)
                assert await heard.get() == ("a", b"by a client")
            assert await link.subscribe("c")
            await outside.publish("not for it", b"")
            await outside.publish("c", b"fail")
            await outside.publish("c", b"later")
            assert await heard.get() == ("c", b"later")

    with_broker(check)


def test_member_hears_the_will_of_a_client_that_broke_off() -> None:
    async def check(broker: EmbeddedBroker) -> None:
        async with member(broker, "a") as (_, heard):
            await connect_with_will(broker, b"of one that said goodbye", GOODBYE)
            await connect_with_will(broker, b"of one that broke off", b"")
            assert await heard.get() == ("a", b"of one that broke off")
            assert heard.empty()

    with_broker(check)


def test_member_cannot_publish_while_the_broker_is_away() -> None:
    async def check(broker: EmbeddedBroker) -> None:
        async with member(broker, "a") as (link, heard):
            await broker.stop()
            assert not await link.publish(Outgoing("a", b"lost"))
            await broker.start()
            assert await link.publish(Outgoing("a", b"there"))
            assert await heard.get() == ("a", b"there")

    with_broker(check)
