"""What an HTTP request asks of the models: the resource in its URL and the data in its body."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

PREFIX = "/api/v1"
JSON = "application/json"

_CHARSETS = re.compile(r"utf-?(8|16|32)|utf-?(16|32)-?(le|be)|us-ascii|iso-?8859-\d{1,2}|windows-125\d")
_EXACT = 2**53  # floating-point numbers are whole numbers without gaps up to here
_EXPONENT = 1e21  # from where JavaScript writes a number with one
_AUTHORITY = re.compile(r"https?://[^/]*", re.IGNORECASE)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Malformed(Exception):
    """A request that makes no sense; its text tells the client why."""


class UnknownCharset(Exception):
    """A body that cannot be read; its text tells the client why."""


def read_resource(target: str) -> str:
    """The resource that a request target names, as it came: percent-encoded and with its query string.

    Args:
        target: what stands between method and version in the request line; a whole URL as to a proxy will do too.

    Raises:
        Malformed: it is no URL, or its path is one that no resource can have.
    """
    if not target.isascii() or not target.isprintable() or " " in target or "#" in target:
        raise Malformed("The URL has characters that have to be percent-encoded.")
    target = _AUTHORITY.sub("", target, count=1) if not target.startswith("/") else target
    if target[: len(PREFIX) + 1].lower() != f"{PREFIX}/":
        raise Malformed(f"The URL must have {PREFIX} as it is, without percent-encoding.")
    resource = "/" + target[len(PREFIX) :].lstrip("/")
    path = resource.partition("?")[0]
    if _STRAY_PERCENT.search(resource):
        raise Malformed("The URL has a % that is no percent-encoding.")
    decoded = unquote_to_bytes(path)
    if any(byte < 0x20 or byte == 0x7F for byte in decoded):
        raise Malformed("The path of the URL has a control character.")
    if {b".", b".."} & set(decoded.split(b"/")):
        raise Malformed("The path of the URL must not have . or .. as a segment.")
    return resource


def read_data(body: bytes, content_type: str, charset: str | None) -> dict[str, Any]:
    """What a body adds to a message: `data`, or nothing where it is an empty list.

    The original is JavaScript: its numbers are all floating-point ones, and whole ones are written without a point.

    Args:
        body: of the request.
        content_type: in lower case; a body of another one than JSON is not looked at.
        charset: that the request names; None if it names none.

    Raises:
        Malformed: it is not JSON, or neither an object nor a list.
        UnknownCharset: it cannot be read.
    """
    if not body or content_type != JSON:
        return {"data": {}}
    charset = (charset or "utf-8").lower()
    if not _CHARSETS.fullmatch(charset):
        raise UnknownCharset(f"The charset {charset[:40]} is not known.")
    try:
        text = body.decode(charset, "replace").removeprefix("\ufeff")
    except LookupError as error:
        raise UnknownCharset(f"The charset {charset[:40]} is not known.") from error
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        raise Malformed("The body is neither a JSON object nor a list.")
    try:
        data = json.loads(text, parse_constant=_no_number, parse_float=_number, parse_int=_number)
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error
    return {} if data == [] else {"data": data}


def _number(text: str) -> int | float | None:
    number = float(text)
    if math.isinf(number):
        return None
    if not number.is_integer() or abs(number) >= _EXPONENT:
        return number
    return int(number) if abs(number) <= _EXACT else int(Decimal(repr(number)))


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a number that JSON can hold")
