"""The controller: takes messages in, says what to publish. It knows no network and no clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bundlekit.emulator.components import Component, WrongContext, read_component
from bundlekit.emulator.messages import Kind, Message, Outgoing, answer, decode, encode, kind_of

TOPIC = "/controller"
REGISTRATION = "/controller/registration"
DEPENDENCY = "/controller/resource/dependency"
TOPICS = (TOPIC, REGISTRATION, DEPENDENCY)

_REGISTERED_ALREADY = {"message": "component had beed already registered"}
_NO_MODEL = {"message": "request forbidden", "log": "resource has no subscribed model"}
_TOO_LATE = {"message": "session failed due to ttl expired ."}
_NOT_ALLOWED = {"message": "method not allowed"}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that a model has yet to answer."""

    request: Message
    deadline: float


def _new_tunnel() -> str:
    return str(secrets.randbelow(2**31 - 10**8) + 10**8)


class Controller:
    """Registers components and routes messages among them.

    `now` is in seconds by whatever clock the caller reads; only differences matter.
    """

    def __init__(self, new_tunnel: Callable[[], str] = _new_tunnel) -> None:
        self._new_tunnel = new_tunnel
        self._components: dict[str, Component] = {}
        self._waiting: list[_Waiting] = []

    @property
    def components(self) -> Mapping[str, Component]:
        """Everybody who is registered, by name."""
        return MappingProxyType(self._components)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to say, unless an answer comes before."""
        return min((waiting.deadline for waiting in self._waiting), default=None)

    def feed(self, topic: str, payload: bytes, now: float) -> list[Outgoing]:
        """Take a message that was published on one of `TOPICS`.

        Returns:
            What to publish, in this order.
        """
        message = decode(payload) if topic == TOPIC else None
        if message is None or not _is_readable(message):
            return []
        path = message["resource"].partition("?")[0]
        echo = [Outgoing(DEPENDENCY, payload)] if path == DEPENDENCY else []
        match kind_of(message):
            case Kind.REQUEST | Kind.DIRECT:
                if path == REGISTRATION or path.startswith(f"{REGISTRATION}/"):
                    return self._registration(message, path, payload)
                return echo + self._request(message, payload, now)
            case Kind.RESPONSE:
                return self._response(message, payload)
            case _ if not message.get("id") and not message.get("sign"):
                return echo + [Outgoing(view.tunnel, payload) for view in self._serving("view", message)]
            case _:
                return echo

    def expire(self, now: float) -> list[Outgoing]:
        """Give up waiting for the models whose time is over, and say so to those who asked."""
        late = [waiting for waiting in self._waiting if waiting.deadline <= now]
        self._waiting = [waiting for waiting in self._waiting if waiting.deadline > now]
        return [outgoing for waiting in late for outgoing in self._answer(waiting.request, 408, _TOO_LATE)]

    def _registration(self, request: Message, path: str, payload: bytes) -> list[Outgoing]:
        data, name = request.get("data"), path.removeprefix(REGISTRATION).removeprefix("/")
        echo = Outgoing(REGISTRATION, payload)
        match request["method"].lower():
            case "post" if not name:
                return [echo, *self._register(request)]
            case "delete":
                if not name and isinstance(data, dict):
                    name = str(data.get("name"))
                self._components.pop(name, None)
                return [echo, *self._answer(request, 200)]
            case _:
                return self._answer(request, 405, _NOT_ALLOWED)

    def _register(self, request: Message) -> list[Outgoing]:
        try:
            newcomer = read_component(request.get("data"), self._free_tunnel())
        except WrongContext as error:
            return self._answer(request, 400, {"message": "wrong register context", "log": str(error)})
        if newcomer.name in self._components:
            return self._answer(request, 403, _REGISTERED_ALREADY)
        # Whoever asked is told before it hears of anything else.
        answers = self._answer(request, 200, {"tunnel": newcomer.tunnel})
        self._components[newcomer.name] = newcomer
        return answers

    def _request(self, request: Message, payload: bytes, now: float) -> list[Outgoing]:
        models = self._serving("model", request)
        if not models:
            if self._serving("view", request):
                return self._answer(request, 403, _NO_MODEL)
            return self._answer(request, 404)
        self._waiting.append(_Waiting(request, now + max(model.ttl for model in models)))
        return [Outgoing(model.tunnel, payload) for model in models]

    def _response(self, response: Message, payload: bytes) -> list[Outgoing]:
        for number, waiting in enumerate(self._waiting):
            asked = waiting.request
            if asked["id"] == response["id"] and asked["resource"] == response["resource"]:
                del self._waiting[number]
                return [Outgoing(topic, payload) for topic in self._askers(asked)]
        return []

    def _answer(self, request: Message, code: int, data: Message | None = None) -> list[Outgoing]:
        payload = encode(answer(request, code, data))
        return [Outgoing(topic, payload) for topic in self._askers(request)]

    def _askers(self, request: Message) -> Sequence[str]:
        """The topics where the answer to a request goes."""
        if tunnel := request.get("tunnel"):
            return [tunnel] if _is_topic(tunnel) else []
        return [view.tunnel for view in self._serving("view", request)]

    def _serving(self, role: str, message: Message) -> list[Component]:
        return [one for one in self._components.values() if one.role == role and one.serves(message["resource"])]

    def _free_tunnel(self) -> str:
        taken = {one.tunnel for one in self._components.values()}
        while (tunnel := self._new_tunnel()) in taken:
            pass
        return tunnel


def _is_readable(message: Message) -> bool:
    """Whether the controller can work with what stands in the fields that it reads."""
    return (
        isinstance(message.get("resource"), str)
        and isinstance(message.get("method", ""), str)
        and not isinstance(message.get("id"), list | dict)
    )


def _is_topic(tunnel: object) -> bool:
    """Whether a message can be published on it; a broker cuts the connection of who tries otherwise."""
    if not isinstance(tunnel, str) or set("+#\0") & set(tunnel):
        return False
    try:
        return len(tunnel.encode()) < 65536
    except UnicodeEncodeError:
        return False
