"""The controller: takes messages in, says what to publish. It knows no network and no clock."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence

from bundlekit.emulator.components import Component
from bundlekit.emulator.messages import Message, Outgoing, answer, code_of, decode, encode, id_of, is_answer
from bundlekit.emulator.pending_request import PendingRequest
from bundlekit.emulator.registry import DEPENDENCY, MODEL, REGISTRATION, VIEW, Registry

__all__ = ["DEPENDENCY", "LOCKED", "REGISTRATION", "TOPIC", "TOPICS", "Controller"]

TOPIC = "/controller"
TOPICS = (TOPIC, REGISTRATION, DEPENDENCY)
LOCKED = {"message": "resource is locked"}

_NO_MODEL = {"message": "request forbidden", "log": "resource has no subscribed model"}
_ID_IN_USE = {"message": "'id' was used, please use another 'id'"}
_TOO_LATE = {"message": "session failed due to ttl expired ."}
_LEAST = 0.2  # seconds that a strict controller gives, where the original may give none
_LONGEST_TOPIC = 65535  # bytes


def _new_tunnel() -> str:
    return str(secrets.randbelow(2**31 - 10**8) + 10**8)


class Controller:
    """Registers components and routes messages among them.

    `now` is in seconds by whatever clock the caller reads; whole seconds are when a ttl is counted down.

    Args:
        strict: gives each model the least time that its ttl may mean, which is up to a second less; and of the answers
            of several models on a resource the first counts where they disagree, not the last.
    """

    def __init__(self, new_tunnel: Callable[[], str] = _new_tunnel, *, strict: bool = False) -> None:
        self._strict = strict
        self._registry = Registry(new_tunnel, self._locked)
        self._sessions: dict[int | float, PendingRequest] = {}

    @property
    def components(self) -> Mapping[str, Component]:
        """Everybody who is registered, by name."""
        return self._registry.components

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to say, unless an answer comes before."""
        return min((session.deadline for session in self._sessions.values()), default=None)

    def session(self, message: Message) -> PendingRequest | None:
        """The request under way that has this message's id."""
        number = id_of(message)
        return None if number is None else self._sessions.get(number)

    def lock_on(self, resource: str) -> PendingRequest | None:
        """The change under way that locks a model of this resource, or one that hooks it."""
        for step in self._registry.chain(self._registry.serving(resource)):
            for session in self._sessions.values():
                if _locks(session) & {one.name for one in step}:
                    return session
        return None

    def feed(self, topic: str, payload: bytes, now: float) -> list[Outgoing]:
        """Take a message that was published on one of `TOPICS`.

        Args:
            topic: that it was published on.
            payload: of the message, whatever is in it.
            now: seconds of a clock that only goes forward.

        Returns:
            What to publish, in this order.
        """
        message = decode(payload) if topic == TOPIC else None
        if message is None:
            return []
        if id_of(message) is None:
            return [] if message.get("sign") else self._event(message, payload)
        session = self.session(message)
        if is_answer(message, awaited=session is not None):
            return self._response(session, message, payload, now) if session else []
        return self._request(message, payload, now)

    def expire(self, now: float) -> list[Outgoing]:
        """Give up waiting for the models whose time is over, and say so to those who asked."""
        late = [session for session in self._sessions.values() if session.deadline <= now]
        return [told for one in late for told in self._end(one, encode(answer(one.request, 408, _TOO_LATE)))]

    def _event(self, event: Message, payload: bytes) -> list[Outgoing]:
        resource = event.get("resource")
        if not isinstance(resource, str):
            return []
        return [Outgoing(one.tunnel, payload) for one in self._registry.serving(resource) if one.role == VIEW]

    def _request(self, request: Message, payload: bytes, now: float) -> list[Outgoing]:
        method, resource = request.get("method"), request.get("resource")
        if not isinstance(method, str) or not isinstance(resource, str):
            return []
        found = self._registry.serving(resource)
        if not found:
            return self._refuse(request, 404)
        if self.session(request):
            return self._refuse(request, 403, _ID_IN_USE)
        is_change = method.lower() != "get"
        steps = list(self._registry.chain(found)) if is_change else [found]
        chain = [models for step in steps if (models := [one for one in step if one.role == MODEL])]
        if self._locked() & {one.name for models in chain for one in models}:
            return self._refuse(request, 423, LOCKED)
        if not any(one.role == MODEL for one in found):
            return self._refuse(request, 403, _NO_MODEL)
        views = [one.name for step in steps for one in step if one.role == VIEW]
        session = PendingRequest(request, chain, views, is_change, backwards=self._strict)
        self._sessions[request["id"]] = session
        return self._ask(session, request, payload, now)

    def _ask(self, session: PendingRequest, message: Message, payload: bytes, now: float) -> list[Outgoing]:
        """Ask the models of a session's step. The controller's own answer at once."""
        session.ask(min(self._due(one, now) for one in session.models))
        asked = [Outgoing(one.tunnel, payload) for one in session.models]
        for one in session.models:
            if self._registry.is_own(one) and self._sessions.get(session.request["id"]) is session:
                response = answer(message, *self._registry.ask(one, message))
                asked += self._response(session, response, encode(response), now)
        return asked

    def _response(self, session: PendingRequest, response: Message, payload: bytes, now: float) -> list[Outgoing]:
        if code_of(response) != 200:
            return self._end(session, payload)
        session.take(response)
        if session.unanswered:
            return []
        merged = session.merge(response)
        if session.is_last:
            return self._end(session, payload if merged is response else encode(merged))
        session.step += 1
        hook = {key: value for key, value in merged.items() if key != "code"}
        return self._ask(session, hook, encode(hook), now)

    def _end(self, session: PendingRequest, payload: bytes) -> list[Outgoing]:
        """Tell those who asked, and end what it locks."""
        del self._sessions[session.request["id"]]
        views = [one for name in session.views if (one := self._registry.get(name))]
        return [Outgoing(topic, payload) for topic in _askers(session.request, views)]

    def _refuse(self, request: Message, code: int, data: Message | None = None) -> list[Outgoing]:
        """Answer a request that never gets under way."""
        views = [one for one in self._registry.serving(request["resource"]) if one.role == VIEW]
        payload = encode(answer(request, code, data))
        return [Outgoing(topic, payload) for topic in _askers(request, views)]

    def _due(self, model: Component, now: float) -> float:
        if self._strict:
            return now + max(model.ticks - 1, _LEAST)
        return math.floor(now) + model.ticks

    def _locked(self) -> set[str]:
        return {name for session in self._sessions.values() for name in _locks(session)}


def _locks(session: PendingRequest) -> set[str]:
    return {one.name for models in session.chain for one in models} if session.is_change else set()


def _askers(request: Message, views: Sequence[Component]) -> Sequence[str]:
    """The topics where the answer to a request goes."""
    if tunnel := _tunnel(request):
        return [tunnel] if _is_topic(tunnel) else []
    return [view.tunnel for view in views]


def _tunnel(message: Message) -> str:
    """Where a direct request wants its answer; empty where a message is none."""
    tunnel = message.get("tunnel")
    return tunnel if isinstance(tunnel, str) else ""


def _is_topic(tunnel: str) -> bool:
    """Whether a message can be published on it; a broker cuts the connection of who tries otherwise."""
    return not set("+#\0") & set(tunnel) and len(tunnel.encode()) <= _LONGEST_TOPIC
