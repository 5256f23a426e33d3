"""What an HTTP request asks of the models: the resource in its URL and the data in its body."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

PREFIX = "/api/v1"

_AUTHORITY = re.compile(r"https?://[^/]*", re.IGNORECASE)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Malformed(Exception):
    """A request that makes no sense; its text tells the client why."""


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
    if not target.startswith(f"{PREFIX}/"):
        raise Malformed(f"The URL must have {PREFIX} as it is, without percent-encoding.")
    resource = target.removeprefix(PREFIX)
    path = resource.partition("?")[0]
    if _STRAY_PERCENT.search(resource):
        raise Malformed("The URL has a % that is no percent-encoding.")
    decoded = unquote_to_bytes(path)
    if any(byte < 0x20 or byte == 0x7F for byte in decoded):
        raise Malformed("The path of the URL has a control character.")
    if {b".", b".."} & set(decoded.split(b"/")):
        raise Malformed("The path of the URL must not have . or .. as a segment.")
    return resource


def read_data(body: bytes) -> Any:
    """The data in a body.

    Raises:
        Malformed: it is not JSON in UTF-8, or cannot be told on as such.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        _no_number(text)
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a number that JSON can hold")
