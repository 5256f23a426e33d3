"""Plays cases: on the controller alone, in a time of its own, or over a broker, in real time."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiomqtt

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.controller import Controller
from tests.conformance.case import Case, Scenario
from tests.conformance.registration import TUNNEL

Message = dict[str, Any]
Heard = dict[str, list[Any]]
TOPIC = "/controller"
_REGISTRATION = "/controller/registration"
_MINE = "harness"
_FENCE = "/harness/fence"
_OWN = {_MINE, _REGISTRATION, "/controller/resource/dependency"}


class Ears:
    """Hears for all components, and knows what each of them answers."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.heard: Heard = defaultdict(list)
        self._turns: dict[str, int] = defaultdict(int)
        self._posts: dict[Any, str] = {}

    def sent(self, message: Any) -> None:
        """Remember the names under which somebody registers, to know whose tunnels those are."""
        if isinstance(message, Mapping) and str(message.get("resource")).startswith(_REGISTRATION):
            named = str(message["resource"]).removeprefix(_REGISTRATION).removeprefix("/")
            self._posts[str(message["id"])] = named or (message.get("data") or {}).get("name", "")

    def hear(self, case: Case, topic: str, message: Any) -> tuple[float, Message] | None:
        """Note a message; what the component that it was for answers, and after how long."""
        if topic in _OWN or message.get("resource") == _FENCE:
            return None
        self.learn(message)
        name = self.names.get(topic, topic)
        self.heard[name].append(_without_tunnel(message))
        replies, turn = case.replies.get(name, ()), self._turns[name]
        self._turns[name] += 1
        return (replies[turn].after, replies[turn].to(message)) if turn < len(replies) else None

    def learn(self, message: Any) -> str:
        """The new tunnel in an answer to a registration, if it is one."""
        data = message.get("data") if isinstance(message, dict) else None
        if not isinstance(data, dict) or set(data) != {"tunnel"} or message.get("sign") != ["controller"]:
            return ""
        self.names[data["tunnel"]] = self._posts[str(message["id"])]
        return str(data["tunnel"])

    def begin(self) -> None:
        self.heard.clear()
        self._turns.clear()


def registrations(scenario: Scenario) -> Iterable[Message]:
    """What registers the components of a scenario."""
    for number, (name, profile) in enumerate(scenario.components.items(), start=900_000):
        data = {**profile, "name": name, "tunnel": _MINE}
        yield {"id": number, "method": "post", "resource": _REGISTRATION, "tunnel": _MINE, "data": data}


def payload_of(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()


def expected(case: Case) -> Heard:
    return {name: [dict(one) for one in messages] for name, messages in case.heard.items()}  # type: ignore[arg-type]


class Alone:
    """A controller without network and clock. Its seconds begin when a case does, in the middle of one of its own."""

    def __init__(self, scenario: Scenario, *, strict: bool = False) -> None:
        self._tunnels = count(100_000_000)
        self.controller = Controller(lambda: str(next(self._tunnels)), strict=strict)
        self._ears = Ears()
        self.now = 1000.5
        for message in registrations(scenario):
            self._ears.sent(message)
            for one in self.controller.feed(TOPIC, payload_of(message), self.now):
                self._ears.learn(json.loads(one.payload))

    def play(self, case: Case) -> Heard:
        """All that is heard, until nothing more can come."""
        self._ears.begin()
        numbers = count()
        due = [(self.now + send.at, next(numbers), send.message) for send in case.sends]
        heapq.heapify(due)
        while due or self.controller.deadline is not None:
            ends = self.controller.deadline
            if due and (ends is None or due[0][0] < ends):
                self.now, _, message = heapq.heappop(due)
                self._ears.sent(message)
                published = self.controller.feed(TOPIC, payload_of(message), self.now)
            else:
                assert ends is not None
                self.now = ends
                published = self.controller.expire(self.now)
            for one in published:
                if reply := self._ears.hear(case, one.topic, json.loads(one.payload)):
                    heapq.heappush(due, (self.now + reply[0], next(numbers), reply[1]))
        return dict(self._ears.heard)


class OverBroker:
    """A controller that is reached by MQTT alone."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._ears = Ears()
        self._case = Case([], {})
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fences = count(1)
        self._passed = 0

    async def register(self, scenario: Scenario) -> None:
        for topic in (_MINE, "tX", "tx", "tD", "tH", "tR", "tSelf", "td", "tq"):
            await self._client.subscribe(topic)
        for message in registrations(scenario):
            await self._send(message)
        async with self._news:
            await self._news.wait_for(lambda: set(scenario.components) <= set(self._ears.names.values()))

    async def play(self, case: Case) -> Heard:
        """What is heard until all that is expected has come, and nothing else."""
        self._ears.begin()
        self._case = case
        begun = asyncio.get_running_loop().time()
        for send in case.sends:
            await asyncio.sleep(max(begun + send.at - asyncio.get_running_loop().time(), 0))
            await self._send(send.message)
        enough = sum(map(len, case.heard.values()))
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: sum(map(len, self._ears.heard.values())) >= enough)
        for task in list(self._tasks):  # no reply is left over for the next case
            task.cancel()
        await self._fence()
        return {name: list(messages) for name, messages in self._ears.heard.items()}

    async def listen(self) -> None:
        async for got in self._client.messages:
            assert isinstance(got.payload, bytes)
            message, topic = json.loads(got.payload), str(got.topic)
            if message.get("resource") == _FENCE:
                self._passed = message["data"]
            if tunnel := self._ears.learn(message):
                await self._client.subscribe(tunnel)
            if reply := self._ears.hear(self._case, topic, message):
                task = asyncio.create_task(self._reply(*reply))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            async with self._news:
                self._news.notify_all()

    async def _fence(self) -> None:
        """An event, which the view hears after all that came of what was sent before."""
        number = next(self._fences)
        await self._send({"code": 200, "method": "put", "resource": _FENCE, "data": number})
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self._passed == number)

    async def _reply(self, after: float, message: Message) -> None:
        await asyncio.sleep(after)
        await self._send(message)

    async def _send(self, message: Any) -> None:
        self._ears.sent(message)
        await self._client.publish(TOPIC, payload_of(message))


@asynccontextmanager
async def over_broker(address: SocketAddress, scenario: Scenario) -> AsyncIterator[OverBroker]:
    async with aiomqtt.Client(address.host, address.port) as client:
        client.pending_calls_threshold = 10**6
        player = OverBroker(client)
        listening = asyncio.create_task(player.listen())
        try:
            await player.register(scenario)
            yield player
        finally:
            listening.cancel()
            await asyncio.wait([listening])


def _without_tunnel(message: Any) -> Any:
    if isinstance(message, dict) and isinstance(data := message.get("data"), dict) and set(data) == {"tunnel"}:
        return {**message, "data": TUNNEL}
    return message
