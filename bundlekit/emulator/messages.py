"""What travels between components: JSON objects, told apart by which keys they have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

Message = dict[str, Any]


class Kind(Enum):
    """What a message is, as the SDK sees it."""

    REQUEST = "request"
    DIRECT = "direct"
    RESPONSE = "response"
    EVENT = "event"
    HOOK = "hook"


_MUST_HAVE = {
    Kind.REQUEST: {"id", "method", "resource"},
    Kind.DIRECT: {"id", "method", "resource", "tunnel"},
    Kind.RESPONSE: {"id", "code", "method", "resource", "sign"},
    Kind.EVENT: {"code", "method", "resource"},
    Kind.HOOK: {"id", "method", "resource", "sign"},
}
_MUST_NOT_HAVE = {
    Kind.REQUEST: {"code", "sign", "tunnel"},
    Kind.DIRECT: {"code", "sign"},
    Kind.RESPONSE: {"tunnel"},
    Kind.EVENT: {"id", "sign", "tunnel"},
    Kind.HOOK: {"code", "tunnel"},
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    topic: str
    payload: bytes


def kind_of(message: Message) -> Kind | None:
    """The kind of a message, None for what is of none. A falsy value counts as absent."""
    present = {key for key, value in message.items() if value}
    for kind, needed in _MUST_HAVE.items():
        if needed <= present and not _MUST_NOT_HAVE[kind] & present:
            return kind
    return None


def parse(text: bytes) -> Any:
    """Read JSON, and nothing but JSON.

    Raises:
        ValueError: it is something else, or nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_not_json)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def decode(payload: bytes) -> Message | None:
    """The message in a payload, None where it is no JSON object."""
    try:
        message = parse(payload)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def answer(request: Message, code: int, data: Any = None) -> Message:
    """The controller's own response to a request: it alone writes the method in upper case.

    Args:
        data: left out of the message where None.
    """
    response = {
        "id": request["id"],
        "code": code,
        "method": request["method"].upper(),
        "resource": request["resource"],
        "sign": ["controller"],
    }
    return response if data is None else {**response, "data": data}


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
