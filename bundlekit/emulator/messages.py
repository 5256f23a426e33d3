"""What travels between components: JSON objects, told apart by which keys they have."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

Message = dict[str, Any]

_LONGEST = 2**20  # bytes; a message is shorter
_LARGEST_ID = 2**53  # ids pass through JavaScript, whose whole numbers are exact up to here
_LARGEST = 2**63  # the JSON library of the original, jansson, has numbers of 64 bits
_METHODS = ("get", "post", "put", "delete")


class MessageKind(Enum):
    """What a message is, as the SDK sees it."""

    REQUEST = "request"
    DIRECT = "direct"
    RESPONSE = "response"
    EVENT = "event"
    HOOK = "hook"


_MUST_HAVE = {
    MessageKind.REQUEST: {"id", "method", "resource"},
    MessageKind.DIRECT: {"id", "method", "resource", "tunnel"},
    MessageKind.RESPONSE: {"id", "code", "method", "resource", "sign"},
    MessageKind.EVENT: {"code", "method", "resource"},
    MessageKind.HOOK: {"id", "method", "resource", "sign"},
}
_MUST_NOT_HAVE = {
    MessageKind.REQUEST: {"code", "sign", "tunnel"},
    MessageKind.DIRECT: {"code", "sign"},
    MessageKind.RESPONSE: {"tunnel"},
    MessageKind.EVENT: {"id", "sign", "tunnel"},
    MessageKind.HOOK: {"code", "tunnel"},
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    topic: str
    payload: bytes


class Dropped(Exception):
    """What the original's controller takes for no message; the text says why."""


def kind_of(message: Message) -> MessageKind | None:
    """The kind of a message, None for what is of none. A falsy value counts as absent."""
    present = {key for key, value in message.items() if value}
    for kind, needed in _MUST_HAVE.items():
        if needed <= present and not _MUST_NOT_HAVE[kind] & present:
            return kind
    return None


def read(payload: bytes) -> Message:
    """The message in a payload.

    Raises:
        Dropped: it is none to the JSON library of the original, jansson, or is none at all.
    """
    if len(payload) >= _LONGEST:
        raise Dropped("1 MiB or more")
    try:
        message = json.loads(payload.decode(), parse_constant=_not_json, parse_int=_integer, parse_float=_real)
    except UnicodeDecodeError as error:
        raise Dropped("not UTF-8") from error
    except RecursionError as error:
        raise Dropped("nested too deeply") from error
    except ValueError as error:
        raise Dropped("no JSON") from error
    if not isinstance(message, dict):
        raise Dropped("no JSON object")
    if b"\\u" in payload:  # else no text can have what follows
        _check_texts(message)
    return message


def decode(payload: bytes) -> Message | None:
    """The message in a payload, None where the original sees none."""
    try:
        return read(payload)
    except Dropped:
        return None


def encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def id_of(message: Message) -> int | float | None:
    """The id, by which an answer finds its request; None for what the controller takes for none."""
    number = _number(message.get("id"))
    return number if number and -_LARGEST_ID < number < _LARGEST_ID else None


def code_of(message: Message) -> int | None:
    """The code, as the controller reads it; None where there is none."""
    number = _number(message.get("code"))
    return None if number is None or int(number) == -1 else int(number)


def is_answer(message: Message, *, awaited: bool) -> bool:
    """Whether a message with an id is an answer rather than a request.

    Args:
        message: that was published.
        awaited: whether a request with its id is under way.
    """
    # A direct request may carry a code: what tells an answer apart is that somebody waits for it, or signed it.
    return code_of(message) is not None and (awaited or bool(message.get("sign")) or not message.get("tunnel"))


def answer(request: Message, code: int, data: Any = None) -> Message:
    """The controller's own response to a request: it alone writes the method in upper case, and only one it knows.

    Args:
        request: with an id, a method and a resource.
        code: of HTTP.
        data: left out of the message where None.
    """
    response: Message = {"id": request["id"], "code": code}
    if request["method"].lower() in _METHODS:
        response["method"] = request["method"].upper()
    response |= {"resource": request["resource"], "sign": ["controller"]}
    return response if data is None else {**response, "data": data}


def _number(value: Any) -> int | float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _not_json(constant: str) -> NoReturn:
    raise Dropped(f"{constant} is not JSON")


def _integer(text: str) -> int:
    if len(text) > 20 or not -_LARGEST <= (number := int(text)) < _LARGEST:
        raise Dropped("an integer over 2^63")
    return number


def _real(text: str) -> float:
    if math.isinf(number := float(text)):
        raise Dropped("a number that is infinite")
    return number


def _check_texts(message: Message) -> None:
    values: list[Any] = [message]
    while values:
        match values.pop():
            case dict() as fields:
                values += [*fields, *fields.values()]
            case list() as items:
                values += items
            case str() as text:
                if "\0" in text:
                    raise Dropped(r"a text with \u0000")
                if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
                    raise Dropped("a text with half a surrogate pair")
