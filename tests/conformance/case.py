"""The form of a case. Whatever plays it sees the same messages go out and must see the same ones come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]
GONE = object()
"""Stands for a field that an answer does not have."""


@dataclass(frozen=True)
class Send:
    """Something is published on `/controller`, `at` seconds after the case began."""

    message: Message | bytes
    at: float = 0.0


@dataclass(frozen=True)
class Reply:
    """How a component answers: what differs from its request with code 200 and its signature, and how late."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0.0

    def to(self, request: Message) -> dict[str, Any]:
        answer = {key: value for key, value in request.items() if key not in ("tunnel", "data")}
        answer |= {"code": 200, "sign": [*request.get("sign", []), "m"], **self.fields}
        return {key: value for key, value in answer.items() if value is not GONE}


@dataclass(frozen=True)
class Case:
    """What is sent, how components answer, and what everybody hears.

    Attributes:
        replies: by component, to each message that it gets in turn; to one more it is silent.
        heard: by component or topic, in order; who hears something and is not there makes the case fail.
    """

    sends: Sequence[Send]
    heard: Mapping[str, Sequence[Message | bytes]]
    replies: Mapping[str, Sequence[Reply]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """Cases that are played one after the other, on one controller.

    Attributes:
        components: by name, what they register with besides; in this order.
    """

    components: Mapping[str, Message]
    cases: Mapping[str, Case]


def profile(name: str, role: str, *resources: str, ttl: float = 5, hook: Sequence[str] = ()) -> dict[str, Any]:
    """What a component registers with."""
    return {
        "name": name,
        "description": "d",
        "role": role,
        "ttl": ttl,
        "resources": list(resources),
        "hook": list(hook),
    }


def model(*resources: str, ttl: float = 5, hook: Sequence[str] = ()) -> Message:
    return profile("", "model", *resources, ttl=ttl, hook=hook)


EVERYTHING = profile("", "view", "/#")


def ask(number: Any, method: str, resource: str, **fields: Any) -> dict[str, Any]:
    return {"id": number, "method": method, "resource": resource, **fields}


def told(  # noqa: PLR0917 - as `controller` below
    number: Any, code: int, method: str, resource: str, data: Any = GONE, sign: int = 1
) -> dict[str, Any]:
    """An answer that components have signed."""
    message = {"id": number, "code": code, "method": method, "resource": resource, "sign": ["m"] * sign}
    return message if data is GONE else {**message, "data": data}


def controller(  # noqa: PLR0917 - a line of the table that a transcript is
    number: Any, code: int, method: str, resource: str, message: str = "", log: str = ""
) -> dict[str, Any]:
    """An answer of the controller's own."""
    data = {key: text for key, text in (("message", message), ("log", log)) if text}
    answer = {"id": number, "code": code, "resource": resource, "sign": ["controller"]}
    answer |= {"method": method.upper()} if method else {}
    return {**answer, "data": data} if data else answer


LOCKED = "resource is locked"
TOO_LATE = "session failed due to ttl expired ."
FORBIDDEN = {"message": "request forbidden", "log": "resource has no subscribed model"}
