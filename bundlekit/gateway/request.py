"""What goes into a request, checked before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from bundlekit.bundle.patterns import without_prefix
from bundlekit.errors import BadUsage
from bundlekit.gateway.endpoint import PREFIX

TOKEN_HEADER = "mx-api-token"  # noqa: S105 - its name

_METHOD = re.compile(r"[A-Z]{1,20}")
_TOKEN = re.compile(r"[!-~]{1,4096}")


def checked_request(method: str, resource: str, query: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """The method and the path of a request line.

    Args:
        method: in any case.
        resource: a path, with or without a query.
        query: parameters to add to it.

    Raises:
        BadUsage: the method or the resource is none.
    """
    if not _METHOD.fullmatch(method.upper()):
        raise BadUsage(f"{method[:60]!r} is not a method", hint="GET, PUT, POST or DELETE")
    return method.upper(), _path(resource, query)


def checked_token(token: str) -> str:
    """The token without white space around it.

    Raises:
        BadUsage: it cannot be one; it is not shown.
    """
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        why = "has characters that no token has" if token else "is empty"
        raise BadUsage(f"the API token {why}", hint="it is one line of printable ASCII, without blanks")
    return token


def checked_json(content: bytes) -> bytes:
    """A body as it is, once it is known to be JSON.

    Raises:
        BadUsage: it is none; says where it stops to be.
    """
    try:
        json.loads(content, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise BadUsage(f"the data is not JSON: {error.msg}, line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise BadUsage("the data is not JSON: it is not UTF-8") from error
    except RecursionError as error:
        raise BadUsage("the data is nested too deeply") from error
    except ValueError as error:
        raise BadUsage(f"the data is not JSON: {error}") from error
    return content


def refuse_constant(word: str) -> NoReturn:
    """Raise ValueError for `NaN` and `Infinity`, which Python takes for JSON.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{word} is not a number in JSON")


def _path(resource: str, query: Mapping[str, Any] | None) -> str:
    if not resource.startswith("/"):
        hint = f"did you mean /{resource.lstrip('./')[:60]}?"
        if "://" in resource:
            hint = "write only the resource, such as /thermostat; --url or TARGET names the gateway"
        raise BadUsage(f"{resource[:60]!r} is not a resource", hint=hint)
    try:
        path = PREFIX + quote(without_prefix(resource), safe="/:?&=%+,;@!$'()*~[]")
        if query:
            path += ("&" if "?" in path else "?") + urlencode(query, doseq=True, safe=",/:")
    except UnicodeEncodeError as error:  # bytes that the command line could not decode
        raise BadUsage("the resource and its query have to be text in UTF-8") from error
    return path
